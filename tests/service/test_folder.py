"""The service's folder: what is made, who may read it, and what outlives a restart."""

import hashlib
import secrets
import sqlite3
import ssl
import stat
import threading
from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.service import certificates, folder
from armillary.service.blobs import Blobs
from armillary.service.core import Service
from armillary.service.database import CATALOGS, Database
from armillary.service.routes import make_door
from armillary.service.tls import server_context

NOW = 1_790_000_000


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "made"
    token = folder.init(path, ("extra.test", "192.0.2.7", "::1"), NOW, secrets.token_bytes)
    return path, token


def test_everything_in_it_is_its_owners_alone(made):
    path, _ = made
    for one in (path, *path.rglob("*")):
        assert stat.S_IMODE(one.stat().st_mode) & 0o077 == 0, one


@pytest.mark.parametrize(
    "name",
    [
        "",
        "root.key",
        "devices.key",
        "server.key",
        "nonce.key",
        "operator.token",
        "service.db",
        "catalogs",
        "format",
    ],
)
@pytest.mark.parametrize("extra", [0o040, 0o004, 0o010, 0o002])
def test_a_folder_that_others_can_reach_does_not_open(made, name, extra):
    one = made[0] / name
    one.chmod(stat.S_IMODE(one.stat().st_mode) | extra)
    with pytest.raises(folder.BadFolder, match="open to others"):
        folder.open_folder(made[0])


def test_the_check_of_permissions_is_what_refuses(made, monkeypatch):
    (made[0] / "root.key").chmod(0o644)
    monkeypatch.setattr(folder, "check_permissions", lambda path: None)
    assert folder.open_folder(made[0])


def test_a_link_in_place_of_a_secret_does_not_open(made, tmp_path):
    key = made[0] / "nonce.key"
    key.rename(tmp_path / "elsewhere")
    key.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(folder.BadFolder):
        folder.open_folder(made[0])


def test_nothing_is_made_over_what_is_there(made):
    with pytest.raises(folder.BadFolder, match="not empty"):
        folder.init(made[0], (), NOW, secrets.token_bytes)


def test_a_folder_half_made_is_not_one(made, tmp_path):
    for missing in ("format", "devices.key", "root.pem", "nonce.key"):
        content = (made[0] / missing).read_bytes()
        (made[0] / missing).unlink()
        with pytest.raises(folder.BadFolder):
            folder.open_folder(made[0])
        folder._write(made[0] / missing, content)
    assert folder.open_folder(made[0])
    with pytest.raises(folder.BadFolder):
        folder.open_folder(tmp_path / "nothing")


def test_the_root_key_may_be_taken_away(made):
    (made[0] / "root.key").unlink()
    service = Service.open(made[0], lambda: NOW)
    try:
        with service.database.write() as tx:
            tx.execute(CATALOGS.insert().values(id=service.new_id(), name="x", created=0))
        service.keys.make_catalog(service.new_id(), NOW, secrets.token_bytes)
        server_context(service.keys)
    finally:
        service.close()
    with pytest.raises(FileNotFoundError):
        folder.renew_server(made[0], (), NOW, secrets.token_bytes)


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_authorities_are_what_they_should_be(made):
    root, devices, catalogs = (
        load(made[0] / name) for name in ("root.pem", "devices.pem", "catalogs-ca.pem")
    )
    for one, depth in ((root, 2), (devices, 0), (catalogs, 1)):
        one.verify_directly_issued_by(root)
        basic = one.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, depth)
        usage = one.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical and usage.value.key_cert_sign and not usage.value.digital_signature
        assert one.not_valid_after_utc <= root.not_valid_after_utc
    assert timedelta(days=3649) < root.not_valid_after_utc - root.not_valid_before_utc < timedelta(days=3652)


def test_the_server_has_its_names_and_a_year(made):
    server = load(made[0] / "server.pem")
    server.verify_directly_issued_by(load(made[0] / "root.pem"))
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["service.armillary.test", "localhost", "extra.test"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == [
        "127.0.0.1",
        "192.0.2.7",
        "::1",
    ]
    assert server.not_valid_after_utc - server.not_valid_before_utc < timedelta(days=366)
    folder.renew_server(made[0], (), NOW + 100, secrets.token_bytes)
    assert load(made[0] / "server.pem").public_key() != server.public_key()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made[0] / "server.pem", made[0] / "server.key")


def test_the_token_is_kept_as_a_hash_and_in_its_file(made):
    path, token = made
    assert (path / "operator.token").read_text() == token + "\n"
    assert len(token) >= 43 + len(folder.TOKEN_PREFIX)
    rows = sqlite3.connect(path / "service.db")
    try:
        assert rows.execute("SELECT hash FROM tokens").fetchall() == [
            (hashlib.sha256(token.encode()).hexdigest(),)
        ]
    finally:
        rows.close()


@settings(max_examples=30)
@given(st.text(max_size=40) | st.sampled_from(["../root", "a/b", "", ".", "A" * 36]))
def test_only_an_id_becomes_a_file_name(name):
    with pytest.raises(ValueError, match="not a catalog id"):
        folder._checked(name)


# The database.


def test_a_database_of_the_format_before_is_brought_up_to_date_with_all_that_is_in_it(tmp_path):
    Database(tmp_path / "one.db").close()
    new = columns(tmp_path / "one.db")
    raw = sqlite3.connect(tmp_path / "one.db")
    raw.executescript("DROP INDEX reports_once; ALTER TABLE reports DROP COLUMN id; PRAGMA user_version=1")
    raw.execute("INSERT INTO reports VALUES (1, 'd', 'c', 'boot', 5, 6, '', '{}')")
    raw.commit()
    raw.close()
    for _ in range(2):
        Database(tmp_path / "one.db").close()
        raw = sqlite3.connect(tmp_path / "one.db")
        assert raw.execute("SELECT * FROM reports").fetchall() == [(1, "d", "c", "boot", 5, 6, "", "{}", None)]
        raw.close()
        assert columns(tmp_path / "one.db") == new


def columns(path):
    """What SQLite says of every table and index, and the format."""
    raw = sqlite3.connect(path)
    names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found = [(name, raw.execute("PRAGMA table_info(" + name + ")").fetchall()) for name in names]
    found.append(raw.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' ORDER BY name").fetchall())
    found.append(raw.execute("PRAGMA user_version").fetchall())
    raw.close()
    return found


def test_a_database_of_another_format_is_refused(tmp_path):
    Database(tmp_path / "one.db").close()
    raw = sqlite3.connect(tmp_path / "one.db")
    raw.execute("PRAGMA user_version=3")
    raw.close()
    with pytest.raises(ValueError, match="format 3"):
        Database(tmp_path / "one.db")


def test_a_transaction_that_raises_leaves_nothing(tmp_path):
    database = Database(tmp_path / "one.db")
    with pytest.raises(KeyError), database.write() as tx:
        tx.execute(CATALOGS.insert().values(id="a", name="a", created=0))
        raise KeyError
    with database.read() as tx:
        assert tx.execute(CATALOGS.select()).all() == []
        assert tx.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert tx.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert tx.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()


def test_writers_wait_for_each_other_and_lose_nothing(tmp_path):
    database = Database(tmp_path / "one.db")

    def count():
        for _ in range(20):
            with database.write() as tx:
                last = len(tx.execute(CATALOGS.select()).all())
                tx.execute(CATALOGS.insert().values(id=str(last), name=str(last), created=0))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tx:
        assert len(tx.execute(CATALOGS.select()).all()) == 80
    database.close()


# Blobs.


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), first=st.integers(0, 250), length=st.integers(0, 250))
def test_a_blob_is_read_as_it_was_kept(tmp_path, data, first, length):
    blobs = Blobs(tmp_path / "blobs")
    name = blobs.put(data)
    assert name == hashlib.sha256(data).hexdigest() == blobs.put(data)
    assert blobs.read(name) == data
    assert blobs.read(name, first, length) == data[first : first + length]
    assert not [one for one in (tmp_path / "blobs").iterdir() if one.name.startswith(".")]


@pytest.mark.parametrize("name", ["", "..", "../service.db", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 64])
def test_a_name_that_is_not_of_a_blob_is_no_path(tmp_path, name):
    blobs = Blobs(tmp_path / "blobs")
    with pytest.raises(KeyError):
        blobs.read(name)
    blobs.remove(name)


def test_a_blob_that_could_not_be_written_leaves_no_trace(tmp_path, monkeypatch):
    blobs = Blobs(tmp_path / "blobs")

    def full(file):
        raise OSError(28, "no space")

    monkeypatch.setattr("armillary.service.blobs.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        blobs.put(b"x")
    assert list((tmp_path / "blobs").iterdir()) == []


# A restart.


def test_everything_is_there_after_a_restart(lab, device, kit):
    peer = lab.attest(device).leaf
    key = kit.new_key()
    lab.ok(
        "POST",
        "/v1/keys",
        {"public": kit.raw_public(key).hex(), "thumbprint": "07" * 20, "catalog": lab.catalog},
    )
    image = lab.ok("POST", "/v1/images?catalog=" + lab.catalog, kit.package(key))["image"]
    lab.ok("POST", "/v1/deployments", {"group": lab.group, "images": [image]})
    before = lab.ok("GET", "/v1/devices/" + device.id)
    lab.service.close()
    again = Service.open(lab.path, lab.clock)
    try:
        lab.door = make_door(again)
        assert lab.ok("GET", "/v1/devices/" + device.id) == before
        assert lab.ok("GET", "/v1/device/update", token="", peer=peer)["images"][0]["image"] == image
        assert lab.attest(device).status == 200
    finally:
        again.close()


def test_the_serial_number_is_never_zero_or_negative():
    for raw in (bytes(20), b"\xff" * 20, b"\x80" + bytes(19)):
        root = certificates.make_root(NOW, lambda size, raw=raw: raw)
        assert 0 < root.certificate.serial_number < 1 << 159
