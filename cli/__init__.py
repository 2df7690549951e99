"""The `armillary` command."""
