"""A Cortex-M4F machine: the processor of ARMv7-M with its interrupt controller, over unicorn."""
