"""Where each ring begins in a box: `main(machine)` builds the ring's objects and serves its gate."""
