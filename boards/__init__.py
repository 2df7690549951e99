"""Boards: the facts of each, and how its rings are put together."""
