"""Ring 1, root of trust: keys, measurements, counters, lifecycle, random numbers, attestation."""
