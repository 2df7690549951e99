"""LMS keys in files: no number is ever for two messages, whatever is cut, copied or restored."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import stat

import pytest

from armillary import native
from armillary.boards import lms as keys
from armillary.boards.keys import SigningKey, Vendor
from armillary.boards.lms import LmsFileSigner, LmsKey, LmsProblem, LmsSigner
from armillary.native.plain import lms

SMALL = LmsKey(lms.Shape(10, 7), bytes(16), b"a seed of twenty-four by")


@pytest.fixture
def places(tmp_path):
    """(folder of keys, ledger)."""
    return tmp_path / "keys", tmp_path / "ledger"


@pytest.fixture
def signer(places):
    return LmsFileSigner.create(places[0], "os", places[1], SMALL)


def number_of(signature):
    return int.from_bytes(signature[:4], "big")


def opened(places):
    return LmsFileSigner.open(places[0], "os", places[1])


def test_what_is_signed_verifies_and_numbers_rise(places, signer):
    signatures = [signer.sign(b"%d" % at) for at in range(3)] + [opened(places).sign(b"3")]
    assert [number_of(one) for one in signatures] == [0, 1, 2, 3]
    for at, one in enumerate(signatures):
        native.lms_verify(signer.public, b"%d" % at, one)
    assert signer.left == 28


def test_the_same_message_gets_the_same_signature(places, signer):
    first = signer.sign(b"one")
    signer.sign(b"two")
    assert opened(places).sign(b"one") == first and signer.left == 30


def test_a_key_signs_as_often_as_its_tree_has_leaves(places, signer):
    for at in range(32):
        signer.sign(b"%d" % at)
    with pytest.raises(LmsProblem, match="used up"):
        signer.sign(b"one more")
    assert signer.sign(b"7") and signer.left == 0
    in_memory = LmsSigner(SMALL)
    assert [number_of(in_memory.sign(b"%d" % at)) for at in range(32)] == list(range(32)) and in_memory.left == 0
    assert number_of(in_memory.sign(b"7")) == 7
    with pytest.raises(LmsProblem, match="used up"):
        in_memory.sign(b"one more")


def test_only_its_owner_reads_a_key(places, signer):
    signer.sign(b"one")
    for folder in places:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_key_is_never_made_over_another(places, signer):
    with pytest.raises(LmsProblem, match="exists"):
        LmsFileSigner.create(places[0], "os", places[1])


def test_the_private_half_is_in_no_message(places, signer):
    assert SMALL._seed.hex() not in repr(signer) + str(vars(signer))


# A backup brought back.


def test_a_key_from_a_backup_is_refused(places, signer, tmp_path):
    signer.sign(b"one")
    shutil.copytree(places[0], tmp_path / "backup")
    signer.sign(b"two")
    shutil.rmtree(places[0])
    shutil.copytree(tmp_path / "backup", places[0])
    for message in (b"three", b"one"):
        with pytest.raises(LmsProblem, match="came back from a backup"):
            opened(places).sign(message)


def test_without_the_ledger_a_key_from_a_backup_signs_twice_with_one_number(places, signer, tmp_path, monkeypatch):
    """The flaw: to believe the count that lies beside the key."""
    signer.sign(b"one")
    shutil.copytree(places[0], tmp_path / "backup")
    two = signer.sign(b"two")
    shutil.rmtree(places[0])
    shutil.copytree(tmp_path / "backup", places[0])
    monkeypatch.setattr(LmsFileSigner, "_read_ledger", lambda self, descriptor: {})
    assert number_of(opened(places).sign(b"three")) == number_of(two)


def test_a_copy_of_the_key_uses_up_the_same_numbers(places, signer, tmp_path):
    shutil.copytree(places[0], tmp_path / "copy")
    copy = LmsFileSigner.open(tmp_path / "copy", "os", places[1])
    signer.sign(b"one")
    with pytest.raises(LmsProblem, match="came back from a backup"):
        copy.sign(b"two")


def test_an_older_ledger_lets_no_number_be_used_again(places, signer, tmp_path):
    signer.sign(b"one")
    shutil.copytree(places[1], tmp_path / "backup")
    signer.sign(b"two")
    shutil.rmtree(places[1])
    shutil.copytree(tmp_path / "backup", places[1])
    assert number_of(opened(places).sign(b"three")) == 2


@pytest.mark.parametrize("what", ["ledger", "next", "garbled next", "number twice"])
def test_without_its_count_a_key_signs_nothing(places, signer, what):
    signer.sign(b"one")
    [ledger] = places[1].iterdir()
    if what == "ledger":
        ledger.unlink()
    elif what == "next":
        (places[0] / "os.lms.next").unlink()
    elif what == "garbled next":
        (places[0] / "os.lms.next").write_text("1")
    else:
        ledger.write_text(ledger.read_text().replace("\n", "0\n").replace("0\n", "\n") + "0 " + "ab" * 32 + "\n")
    with pytest.raises(LmsProblem):
        opened(places).sign(b"two")


def test_a_torn_line_of_the_ledger_is_passed_over(places, signer):
    signer.sign(b"one")
    [ledger] = places[1].iterdir()
    with ledger.open("ab") as file:
        file.write(b"1 00ff")
    (places[0] / "os.lms.next").write_text("2\n")
    assert number_of(opened(places).sign(b"two")) == 2
    assert ledger.read_bytes().split(b"\n")[1] == b"1 00ff"
    assert number_of(opened(places).sign(b"three")) == 3


# Many at once.


def sign_many(folder, ledger, which, answers):
    signer = LmsFileSigner.open(folder, "os", ledger)
    answers.put([(number_of(signer.sign(word)), word) for word in (b"%d of %d" % (at, which) for at in range(8))])


def test_several_processes_never_get_the_same_number(places, signer):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    workers = [context.Process(target=sign_many, args=(*places, which, answers)) for which in range(3)]
    for worker in workers:
        worker.start()
    found = [pair for _ in workers for pair in answers.get(timeout=60)]
    for worker in workers:
        worker.join(60)
    assert sorted(number for number, _ in found) == list(range(24))


# The power, cut at every operation on a file.


class Cut(BaseException):
    """The power is gone."""


class Disk:
    """`os` for the module under test: counts what changes files, and stops at one of them.

    What was not synced may be lost: `lose` puts back what the last sync of each file and folder promised.
    """

    CHANGES = ("open", "write", "fsync", "replace", "unlink")

    def __init__(self, roots, at, tears):
        self._at, self._tears = at, tears
        self._roots = roots
        self._synced = {path: path.read_bytes() for root in roots if root.exists() for path in root.iterdir()}
        self._content = {}
        self.count = 0

    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in self.CHANGES:
            return real

        def change(*arguments, **options):
            self.count += 1
            if self.count == self._at:
                if name == "write" and self._tears:
                    real(arguments[0], arguments[1][: len(arguments[1]) // 2])
                raise Cut
            found = real(*arguments, **options)
            if name == "fsync":
                self._sync(os.readlink(f"/proc/self/fd/{arguments[0]}"))
            return found

        return change

    def _sync(self, name):
        path = type(self._roots[0])(name)
        if path.is_file():
            self._content[path] = path.read_bytes()
            if path in self._synced:
                self._synced[path] = path.read_bytes()
            self._content[os.stat(path).st_ino] = path.read_bytes()
        else:
            kept = {entry: self._content.get(os.stat(entry).st_ino, b"") for entry in path.iterdir()}
            for entry, content in kept.items():
                self._synced[entry] = self._synced.get(entry, content) if os.stat(entry).st_ino not in self._content else content
            self._synced = {entry: content for entry, content in self._synced.items() if entry.parent != path or entry in kept}

    def lose(self):
        """What is left if nothing but what was synced survives."""
        for root in self._roots:
            for path in root.iterdir() if root.exists() else ():
                if path not in self._synced:
                    path.unlink()
        for path, content in self._synced.items():
            path.write_bytes(content)


@pytest.mark.parametrize("is_lost", [False, True], ids=["all written survives", "only the synced survives"])
@pytest.mark.parametrize("tears", [False, True], ids=["whole", "torn"])
def test_no_number_is_used_twice_wherever_the_power_is_cut(places, monkeypatch, is_lost, tears):
    at, cuts, given = 0, 0, {}
    LmsFileSigner.create(places[0], "os", places[1], SMALL)
    while True:
        at += 1
        message = b"message %d" % at
        disk = Disk(places, at, tears)
        with monkeypatch.context() as patch:
            patch.setattr(keys, "os", disk)
            try:
                signature = opened(places).sign(message)
            except Cut:
                signature = None
        if signature is not None:
            break
        cuts += 1
        if is_lost:
            disk.lose()
        for again in (b"after %d" % at, message):  # another message, then the one that was not signed
            signature = opened(places).sign(again)
            assert given.setdefault(number_of(signature), again) == again, "a number for two messages"
            native.lms_verify(SMALL.public, again, signature)
    assert cuts >= 7 and number_of(signature) not in given


@pytest.mark.parametrize("skipped", ["fsync", "order"])
def test_with_a_step_left_out_a_cut_makes_a_number_be_used_twice(places, monkeypatch, skipped):
    """The flaw: to sign first, or to trust what was not synced."""
    signer = LmsFileSigner.create(places[0], "os", places[1], SMALL)
    if skipped == "order":
        number = signer._read_next()  # signs before it reserves, and is cut in between
        first = SMALL.sign(number, b"one")
    else:
        disk = Disk(places, 0, False)
        with monkeypatch.context() as patch:
            patch.setattr(keys, "os", disk)
            patch.setattr(Disk, "fsync", lambda self, descriptor: None, raising=False)
            first = opened(places).sign(b"one")
        disk.lose()
    assert number_of(opened(places).sign(b"two")) == number_of(first)


def test_a_cut_in_making_a_key_leaves_none_or_a_whole_one(tmp_path, monkeypatch):
    at = 0
    while True:
        at += 1
        places = tmp_path / f"keys{at}", tmp_path / f"ledger{at}"
        with monkeypatch.context() as patch:
            patch.setattr(keys, "os", Disk(places, at, True))
            try:
                LmsFileSigner.create(places[0], "os", places[1], SMALL)
                break
            except Cut:
                pass
        try:
            signer = opened(places)
        except FileNotFoundError:
            signer = LmsFileSigner.create(places[0], "os", places[1], SMALL)
        assert number_of(signer.sign(b"one")) == 0
    assert at > 10


# The file itself.


def test_a_damaged_tree_is_grown_again(places, signer):
    tree = places[0] / "os.lms.tree"
    good = tree.read_bytes()
    for spoiled in (b"", good[:-1], good[:100] + b"\xff" + good[101:], bytes(len(good))):
        tree.write_bytes(spoiled)
        assert opened(places).sign(b"one") == signer.sign(b"one")
        assert tree.read_bytes() == good
    other = LmsKey(lms.Shape(10, 7), bytes(16), bytes(24))
    tree.write_bytes(other.nodes)
    assert opened(places).sign(b"one") == signer.sign(b"one")


@pytest.mark.parametrize("field, value", [
    ("format", 2), ("tree", 5), ("tree", "x"), ("one_time", 99), ("identity", "00"), ("seed", "00" * 24), ("seed", "zz"), ("public", "00"),
])  # fmt: skip
def test_a_damaged_key_is_refused(places, signer, field, value):
    path = places[0] / "os.lms.json"
    fields = json.loads(path.read_text())
    fields[field] = value
    path.write_text(json.dumps(fields))
    with pytest.raises(LmsProblem, match="LMS key"):
        opened(places)


def test_a_signer_whose_arithmetic_fails_gives_nothing_out(signer, monkeypatch):
    monkeypatch.setattr(keys.lms, "sign", lambda *arguments: bytes(1380))
    with pytest.raises(LmsProblem, match="does not verify"):
        signer.sign(b"one")


# The vendor.


def test_a_vendor_signs_hybrid_once_asked_and_keeps_its_keys(tmp_path):
    plain = Vendor.open(tmp_path / "keys")
    assert not plain.is_hybrid
    hybrid = Vendor.open(tmp_path / "keys", tmp_path / "ledger")
    again = Vendor.open(tmp_path / "keys", tmp_path / "ledger")
    assert hybrid.is_hybrid and hybrid.os.public == plain.os.public
    assert [getattr(again, name).lms.public for name in Vendor.NAMES] == [getattr(hybrid, name).lms.public for name in Vendor.NAMES]
    assert len({getattr(hybrid, name).lms.public for name in Vendor.NAMES}) == 5
    assert not Vendor.open(tmp_path / "keys").is_hybrid


def test_a_vendor_in_memory_signs_hybrid_too():
    assert Vendor.generate(True).is_hybrid and not Vendor.generate().is_hybrid
    assert SigningKey.generate("x").lms is None
