"""What tests of a whole device do to it."""

from __future__ import annotations

import pytest


@pytest.fixture
def tamper(service):
    """A function that changes one byte of an image where the service keeps it, and the hash it announces: what
    a bad host of blobs could do."""
    from sqlalchemy import update

    from armillary.service.database import IMAGES

    def change(image_id):
        row = next(one for one in service.operator.images() if one["image"] == image_id)
        package = bytearray(service.core.blobs.read(row["sha256"]))
        package[0x1010] ^= 1
        name = service.core.blobs.put(bytes(package))
        with service.core.database.write() as tx:
            tx.execute(update(IMAGES).where(IMAGES.c.image == image_id).values(sha256=name))

    return change
