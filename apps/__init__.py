"""Ring 4, apps: the API they import, the runtime that runs them, and samples."""
