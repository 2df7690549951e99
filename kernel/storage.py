"""Storage: one mutable file per app, encrypted for that app, within the quota of its manifest.

The monitor keeps the file whole or not at all; what it keeps is AES-GCM under a key that Pluton
derives for the component, so one app's bytes are noise to everybody else and the monitor's store
cannot be used to pass them on. Bytes that were never written read as zero. Contents go to flash
when the last handle is closed, when the app ends, and FLUSH_US after a write: until then a power
cut leaves the file as it was.
"""

from __future__ import annotations

from ..wire.call import Layout
from ..wire.fault import Busy, Denied, Failed, Fault, Full, Invalid, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..monitor.port import MonitorPort
    from ..wire.suite import Suite

MOST = 64 * 1024
FLUSH_US = 1_000_000
HEADER = Layout("magic:u32 version:u8=1..1 nonce:b12")
MAGIC = 0x46545341  # "ASTF"
VERSION = 1
GENERATION = 1  # of the key; a new one would make every old file unreadable on purpose
PURPOSE = b"armillary mutable file"


class Content:
    """The bytes of one app's file while somebody has it open."""

    def __init__(self, component: bytes, data: bytearray) -> None:
        self.component = component
        self.data = data
        self.users = 0
        self.dirty_since: int | None = None


class StorageFile:
    """An open mutable file. Every handle of one app names the same content."""

    kind = "file"

    def __init__(self, storage: Storage, content: Content, quota: int) -> None:
        self._storage = storage
        self._content = content
        self._quota = quota

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return len(self._content.data)

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; empty at the end."""
        return bytes(self._content.data[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:
        """Write at `offset`; a gap before it becomes zeros. Raises Full beyond the quota, changing nothing."""
        body, end = self._content.data, offset + len(data)
        if end > len(body):
            self._require_quota(end)
        if offset > len(body):
            body.extend(bytes(offset - len(body)))
        body[offset:end] = data
        self._storage.touch(self._content)

    def truncate(self, size: int) -> None:
        """Cut, or grow with zeros. Raises Full beyond the quota."""
        body = self._content.data
        if size > len(body):
            self._require_quota(size)
            body.extend(bytes(size - len(body)))
        else:
            self._content.data = body[:size]
        self._storage.touch(self._content)

    def event(self) -> int:
        """A file has no events."""
        return 0

    def close(self) -> None:
        self._storage.release(self._content)

    def _require_quota(self, size: int) -> None:
        if size > self._quota:
            raise Full(
                "{} bytes are more than the app's quota".format(size), "kernel", "storage.quota",
                "Capabilities.MutableStorage = {{\"SizeKB\": {}}}".format(self._quota // 1024),
                "ask for more in the manifest, at most 64, and sign the image again",
            )  # fmt: skip


class PackageFile:
    """An open file of the app's own image package: verified bytes, which nobody can change."""

    kind = "file"

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]

    def write(self, offset: int, data: bytes) -> None:
        """Raises Denied."""
        raise Denied("a file of an image package cannot be written", "kernel", "package.read_only")

    def truncate(self, size: int) -> None:
        """Raises Denied."""
        raise Denied("a file of an image package cannot be cut", "kernel", "package.read_only")

    def event(self) -> int:
        return 0

    def close(self) -> None:
        pass


class Storage:
    """The mutable files of all apps. `suite` has the cipher, `uptime_us` the clock.

    `tell(component, fault)` hears of contents that could not be written after the app's call was done.
    """

    def __init__(
        self, monitor: MonitorPort, suite: Suite, uptime_us: Callable[[], int], tell: Callable[[bytes, Fault], None]
    ) -> None:
        self._monitor = monitor
        self._suite = suite
        self._uptime_us = uptime_us
        self._tell = tell
        self._open: dict[bytes, Content] = {}

    def open(self, component: bytes, quota: int) -> StorageFile:
        """The component's file, made if there is none. Raises Failed if what is stored is not what we wrote."""
        content = self._open.get(component)
        if content is None:
            content = Content(component, self._load(component))
            self._open[component] = content
        content.users += 1
        return StorageFile(self, content, quota)

    def delete(self, component: bytes) -> None:
        """Delete the file for ever. Raises Busy while it is open, NotFound if there is none."""
        if component in self._open:
            raise Busy("the file is open", "kernel", "storage.open", remedy="close it first")
        self._monitor.storage_delete(component)

    def touch(self, content: Content) -> None:
        """The content changed."""
        if content.dirty_since is None:
            content.dirty_since = self._uptime_us()

    def release(self, content: Content) -> None:
        """One user fewer; with the last one the content goes to flash. Raises what the monitor raises."""
        content.users -= 1
        if content.users == 0:
            del self._open[content.component]
            try:
                self._flush(content)
            finally:
                wipe(content.data)

    def next_us(self) -> int | None:
        """When a changed content is to be written, or None."""
        dues = [content.dirty_since + FLUSH_US for content in self._open.values() if content.dirty_since is not None]
        return min(dues) if dues else None

    def flush_due(self) -> None:
        """Write the contents that have waited long enough."""
        self.flush(FLUSH_US)

    def flush(self, waited_us: int = 0) -> None:
        """Write the contents that have waited so long: all of them, before a restart."""
        now = self._uptime_us()
        for content in list(self._open.values()):
            if content.dirty_since is not None and now >= content.dirty_since + waited_us:
                try:
                    self._flush(content)
                except Fault as fault:
                    content.dirty_since = now  # and again later
                    self._tell(content.component, fault)

    def seal(self, component: bytes, data: bytes | bytearray, purpose: bytes = PURPOSE) -> bytes:
        """`data` encrypted under the key of `component`; it opens for the same `purpose` only."""
        header = HEADER.pack((MAGIC, VERSION, self._monitor.read_rng(12)))
        key = bytearray(self._monitor.derive_key(component, GENERATION))
        body = self._suite.aes_gcm_seal(bytes(key), header[-12:], bound(component, header, purpose), bytes(data))
        wipe(key)
        return bytes(header) + body

    def unseal(self, component: bytes, stored: bytes, purpose: bytes = PURPOSE) -> bytes:
        """What was sealed. Raises Failed if it is not what this device sealed so."""
        header, body = stored[: HEADER.size], stored[HEADER.size :]
        key = bytearray(self._monitor.derive_key(component, GENERATION))
        try:
            magic, _, nonce = HEADER.unpack(header)
            if magic != MAGIC:
                raise Invalid("not a mutable file")
            return self._suite.aes_gcm_open(bytes(key), nonce, bound(component, header, purpose), body)
        except (Invalid, ValueError):
            raise Failed(
                "the mutable file is not what this device wrote for this app", "kernel", "storage.sealed",
                remedy="delete it, and begin anew",
            )  # fmt: skip
        finally:
            wipe(key)

    def _flush(self, content: Content) -> None:
        if content.dirty_since is not None:
            self._monitor.storage_replace(content.component, self.seal(content.component, content.data))
            content.dirty_since = None

    def _load(self, component: bytes) -> bytearray:
        try:
            stored = self._monitor.storage_load(component)
        except NotFound:
            return bytearray()
        return bytearray(self.unseal(component, stored))


def bound(component: bytes, header: bytes, purpose: bytes = PURPOSE) -> bytes:
    """What the cipher binds the content to."""
    return purpose + component + bytes(header)


def wipe(data: bytearray) -> None:
    """Overwrite with zeros."""
    data[:] = bytes(len(data))
