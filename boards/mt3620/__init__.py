"""The MT3620's real-time cores as a board: programs of our own, and how they are built."""
