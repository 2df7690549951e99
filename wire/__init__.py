"""What crosses a boundary: calls, faults, framing, image packages, manifests, evidence."""
