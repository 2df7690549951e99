"""The engine on a bare Cortex-M4: recipe, start-up and linker script."""
