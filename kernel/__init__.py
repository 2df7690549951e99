"""Ring 3, kernel: processes, handles, capabilities, storage, network, and the OS daemons."""
