"""The simulated board: an MT3620 in software."""
