"""MicroPython: what the rings need there. `lib/` shims two modules that it does not carry."""
