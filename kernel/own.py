"""What the kernel keeps for itself: under the component of its own image, which the monitor lets no app have."""

from __future__ import annotations

from ..wire.fault import NotFound
from ..wire.image import KERNEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..monitor.port import MonitorPort
    from .storage import Storage, StorageFile


class Own:
    """The kernel's mutable file, and sealing for it alone. Each raises NotFound if there is no image of a kernel."""

    def __init__(self, monitor: MonitorPort, storage: Storage) -> None:
        self._monitor = monitor
        self._storage = storage
        self._known = b""

    def file(self, quota: int) -> StorageFile:
        """The file, open. Raises Failed if it is not what we wrote."""
        return self._storage.open(self._component(), quota)

    def delete(self) -> None:
        """Delete the file. Raises NotFound."""
        self._storage.delete(self._component())

    def seal(self, data: bytes, purpose: bytes) -> bytes:
        """`data` for our eyes only."""
        return self._storage.seal(self._component(), data, purpose)

    def unseal(self, stored: bytes, purpose: bytes) -> bytes:
        """What was sealed. Raises Failed if it was not, or for another purpose."""
        return self._storage.unseal(self._component(), stored, purpose)

    def _component(self) -> bytes:
        if not self._known:
            found = [one.component for one in self._monitor.list_images() if one.image_type == KERNEL]
            if not found:
                raise NotFound("no image of the kernel")
            self._known = bytes(found[0])
        return self._known
