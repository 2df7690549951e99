"""Ring 2, security monitor: image store, peripheral ownership, watchdog, reset."""
