"""`armillary demo`: the whole system in one narrated run."""
