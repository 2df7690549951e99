"""The same sources make the same image, whatever the packing process did before."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACK = """
import sys
{before}
from armillary.boards import images
from armillary.native import sha256
print(*[sha256(images.os_body(name)).hex() for name in images.OS_IMAGES])
"""


def packed(before):
    done = subprocess.run(
        [sys.executable, "-c", PACK.format(before=before)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("before", ["import sqlalchemy, asyncio", "import armillary.kernel.core, armillary.service.core", "sys.intern('armillary')"])
def test_os_images_do_not_depend_on_who_packs_them(before):
    assert packed(before) == packed("")
