"""The facade: which engine does what, loaded when, and what is said when something is missing."""

import subprocess
import sys

import pytest

from armillary import native
from armillary.native import compiled, errors
from armillary.native._native import lib
from armillary.native.plain import suite

OPERATIONS = [
    "Sha256", "aes_gcm_open", "aes_gcm_seal", "clear", "compare", "hkdf_expand", "hkdf_extract", "hmac_sha256",
    "p256_check", "p256_ecdh", "p256_is_private", "p256_public", "p256_sign", "p256_verify", "sha256",
]  # fmt: skip


def python(code, *before):
    """What a fresh interpreter prints for `code`, with the modules `before` made impossible to import."""
    hide = "import sys\n" + "".join("sys.modules[" + repr(name) + "] = None\n" for name in before)
    done = subprocess.run([sys.executable, "-W", "error", "-c", hide + code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", [native, suite], ids=["facade", "plain"])
def test_every_operation_is_there(module):
    assert all(callable(getattr(module, name)) for name in OPERATIONS)
    assert set(OPERATIONS) <= set(module.__all__)


def test_here_it_is_c():
    assert native.sha256 is compiled.sha256
    assert native.warning() == ""


def test_the_refusals_are_value_errors():
    for refusal in (native.BadSignature, native.BadPoint, native.BadTag):
        assert issubclass(refusal, ValueError) and refusal is getattr(errors, refusal.__name__)


def test_importing_loads_neither_the_hosts_library_nor_the_oracles():
    code = "import armillary.native as n; print([m for m in sys.modules if 'cryptography' in m or 'p256' in m or 'aes' in m])"
    assert python(code) == "[]"




def test_preparing_loads_them_neither():
    code = "import armillary.native as n; n.prepare(); print([m for m in sys.modules if 'cryptography' in m or 'suite' in m])"
    assert python(code) == "[]"


def test_a_device_boots_with_nothing_of_the_hosts_library_loaded():
    """What a box preloads: the mask ROM and the engine, and no `cryptography`."""
    code = "from armillary.hal.sim.box import bootstrap; bootstrap.preload_silicon(); print([m for m in sys.modules if 'cryptography' in m])"
    assert python(code) == "[]"


USE = """
import armillary.native as n
private, digest = n.sha256(b"private"), n.sha256(b"")
n.prepare()
n.p256_verify(n.p256_public(private), digest, n.p256_sign(private, digest))
stream = n.Sha256(); stream.update(b"private")
assert stream.digest() == private and n.compare(private, bytes(private))
print(n.ENGINE, "|", n.warning())
"""


def test_without_the_c_engine_it_works_and_says_what_is_missing():
    engine, warning = python(USE, "armillary.native._native").split(" | ")
    assert engine == "hashlib"
    assert "C engine is not built" in warning and "slower" in warning and "not constant time" not in warning


def test_with_nothing_at_all_it_works_and_says_that_it_is_not_constant_time():
    engine, warning = python(USE, "cryptography", "armillary.native._native", "hmac").split(" | ")
    assert engine == "hashlib"
    assert "C engine is not built" in warning and "not constant time" in warning


def test_a_boxed_program_finds_the_engine_that_was_preloaded():
    """It forgets every armillary module but the engine, and has none of it in its image."""
    code = """
import armillary.native as preloaded
from armillary.boards import images
from armillary.hal.sim.box import importer
sources = images.closure("armillary.boards.sim.boot.pluton")
assert not [path for path in sources if path.startswith("armillary/native/")]
files = {"modules.bin": importer.pack_modules(sources), "source.zip": images.zip_sources(sources)}
kept = importer.install(files, "test")
from armillary.pluton import keys
assert keys.native is preloaded
print(keys.native.describe() == preloaded.describe(), keys.__file__ if hasattr(keys, "__file__") else keys.__spec__.origin)
"""
    assert python(code).startswith("True armillary/pluton/keys.py")


def test_the_engine_is_chosen_by_the_processor():
    assert compiled.NAME.startswith("C with") == bool(lib.cpu_features() & lib.CPU_SHA)
