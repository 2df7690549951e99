"""Where an app's process begins: the runtime, verified by the monitor, then the app it was given."""

from __future__ import annotations

from typing import Any

from armillary.apps.runtime import app


def main(machine: Any) -> None:
    """Run the app in the second package of the load."""
    app.main(machine)
