"""Plain Python: the oracle of every other engine, and the last resort of a small device (see `suite`)."""
