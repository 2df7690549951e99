"""Images that failed their probation, remembered beyond a reset: none of them is fetched again.

They are the kernel's own mutable file. What apps do cannot push them out, unlike events; the oldest gives way
when there are too many.
"""

from __future__ import annotations

from ..wire.fault import Fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .journal import Journal
    from .own import Own

MOST = 16
ID = 16  # bytes of an image's id


class FailedImages:
    """The list. It is read when it is first asked for; without a file that can be read it begins empty."""

    def __init__(self, own: Own, journal: Journal) -> None:
        self._own = own
        self._journal = journal
        self._found: list[bytes] | None = None

    def images(self) -> list[bytes]:
        """Their ids, the oldest first."""
        if self._found is None:
            self._found = self._read()
        return self._found

    def add(self, image: bytes) -> bool:
        """Remember `image`. Whether it is remembered beyond a reset."""
        return image in self.images() or self._keep((self.images() + [image])[-MOST:])

    def discard(self, image: bytes) -> None:
        """Forget `image`: it works after all."""
        if image in self.images():
            self._keep([one for one in self.images() if one != image])

    def _keep(self, images: list[bytes]) -> bool:
        self._found = images
        try:
            file = self._own.file(MOST * ID)
            file.truncate(0)
            file.write(0, b"".join(images))
            file.close()
        except Fault as fault:
            self._journal.say("the list of failed images could not be kept: " + str(fault))
            return False
        return True

    def _read(self) -> list[bytes]:
        try:
            file = self._own.file(MOST * ID)
            data = file.read(0, MOST * ID)
            file.close()
        except Fault as fault:
            self._journal.say("the list of failed images begins anew: " + str(fault))
            self._delete()
            return []
        return [data[at : at + ID] for at in range(0, len(data) - ID + 1, ID)]

    def _delete(self) -> None:
        """Remove a file that cannot be read, so that the next one can be written."""
        try:
            self._own.delete()
        except Fault as fault:
            self._journal.say("the file could not be deleted: " + str(fault))
