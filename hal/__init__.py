"""Ring 0, silicon: what the hardware promises, and who may touch which part of it."""
