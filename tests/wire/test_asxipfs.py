"""The file system of image packages: its byte map, and everything a reader must refuse."""

import binascii
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.wire import asxipfs
from armillary.wire.asxipfs import DATA_MODE, DIRECTORY_MODE, FileSystem
from armillary.wire.fault import Invalid, NotFound

# Where things are in the image of `small`.
ROOT, A, A_NAME, SUB, SUB_NAME, INNER, INNER_NAME = 64, 76, 88, 92, 104, 108, 120


@pytest.fixture
def small():
    """The tables of a small image: file `a`, directory `sub`, in it file `in`. One page of tables, two of content."""
    return bytearray(asxipfs.pack([("a", b"A" * 5, False), ("sub/in", b"B" * 4096, True)]))


def sealed(body):
    """`body` with the right checksum."""
    struct.pack_into("<I", body, asxipfs.CRC, asxipfs.crc32(bytes(body)))
    return bytes(body)


def inode(body, at, **changes):
    """Change fields of the inode at `at`."""
    node = asxipfs.Node("", at, struct.unpack_from("<III", body, at))
    fields = {name: changes.get(name, getattr(node, name)) for name in ("mode", "uid", "size", "gid", "name_size", "offset")}
    words = (
        fields["mode"] | fields["uid"] << 16,
        fields["size"] | fields["gid"] << 24,
        fields["name_size"] // 4 | fields["offset"] // 4 << 6,
    )
    struct.pack_into("<III", body, at, *words)


def test_the_byte_map_is_that_of_the_blinking_sample(blink_body):
    assert len(blink_body) == 0x4000
    superblock = struct.unpack("<IIII16sIIII16s", blink_body[:64])
    crc = binascii.crc32(blink_body[:32] + bytes(4) + blink_body[36:])
    assert superblock == (0x28CD3D45, 0x4000, 3, 0, b"Compressed ROMFS", crc, 0, 0, 4, b"Compressed".ljust(16, b"\0"))
    assert struct.unpack("<III", blink_body[64:76]) == (0o040755, 32 + 16, 0x4C // 4 << 6)
    assert struct.unpack("<III20s", blink_body[0x4C:0x6C]) == (0o101644, 267, 5 | 0x1000 // 4 << 6, b"app_manifest.json\0\0\0")
    assert struct.unpack("<III4s", blink_body[0x6C:0x7C]) == (0o040755, 16, 1 | 0x7C // 4 << 6, b"bin\0")
    assert struct.unpack("<III4s", blink_body[0x7C:0x8C]) == (0o101755, 5592, 1 | 0x2000 // 4 << 6, b"app\0")
    assert blink_body[0x8C:0x1000] == bytes(0x1000 - 0x8C)
    assert blink_body[0x1000:0x1001] == b"{"
    assert blink_body[0x110B:0x2000] == bytes(0x2000 - 0x110B)
    assert blink_body[0x2000:0x35D8] == b"\x7fELF" * 1398
    assert blink_body[0x35D8:] == bytes(0x4000 - 0x35D8)


def test_directories_are_breadth_first_and_sorted_by_bytes():
    files = [("b/z/deep", b"1", False), ("b/y", b"2", False), ("Z", b"3", False), ("a/x", b"4", True), ("a.b", b"5", False)]
    found = FileSystem(asxipfs.pack(files))
    assert [node.path for node in found.nodes] == ["Z", "a", "a.b", "b", "a/x", "b/y", "b/z", "b/z/deep"]
    assert found.paths() == ["Z", "a.b", "a/x", "b/y", "b/z/deep"]


def test_a_file_is_read_with_or_without_a_leading_slash(blink_body):
    found = FileSystem(blink_body)
    assert found.read("/bin/app") == found.read("bin/app") == b"\x7fELF" * 1398
    assert found.find("bin/app").is_executable
    assert not found.find("app_manifest.json").is_executable
    assert found.is_directory("/bin")
    assert not found.is_directory("/bin/app")


@pytest.mark.parametrize("path", ["", "/", "bin", "//bin/app", "bin//app", "bin/app/", "BIN/app", "../bin/app"])
def test_nothing_else_is_a_file(blink_body, path):
    with pytest.raises(NotFound):
        FileSystem(blink_body).read(path)


NAMES = st.text("abcXYZ019._- ~", min_size=1, max_size=9).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(PATHS, st.tuples(st.binary(max_size=9), st.booleans()), max_size=8))
def test_what_is_packed_is_read_back(files):
    given_files = [(path, data, flag) for path, (data, flag) in files.items()]
    try:
        body = asxipfs.pack(given_files)
    except Invalid:
        lower = [path.lower().split("/") for path in files]
        prefixes = {tuple(path[:n]) for path in lower for n in range(1, len(path))}
        spelled = {tuple(path.split("/")[:n]) for path in files for n in range(1, len(path.split("/")) + 1)}
        has_twins = len({tuple(name.lower() for name in path) for path in spelled}) < len(spelled)
        assert has_twins or any(tuple(path) in prefixes for path in lower)
        return
    found = FileSystem(body)
    assert {path: (found.read(path), found.find(path).is_executable) for path in found.paths()} == files
    assert asxipfs.pack(reversed(given_files)) == body


@pytest.mark.parametrize("path", [
    "", "/", "//a", "a//b", "a/", "..", "a/../b", "./a", "a\\b", "a\nb", "é", "a\0", "x" * 253, "/".join("x" * 17), "ab/" * 90 + "c",
])  # fmt: skip
def test_a_path_no_reader_takes_is_not_written(path):
    with pytest.raises(Invalid):
        asxipfs.pack([(path, b"", False)])


@pytest.mark.parametrize("paths", [("a", "a"), ("a", "/a"), ("a", "a/b"), ("a/b", "a"), ("a", "A"), ("x/b", "X/c")])
def test_paths_that_contradict_are_not_written(paths):
    with pytest.raises(Invalid):
        asxipfs.pack([(path, b"", False) for path in paths])


def test_a_file_of_more_than_24_bits_is_not_written():
    with pytest.raises(Invalid):
        asxipfs.pack([("big", bytes(1 << 24), False)])


def test_limits_are_reached_before_they_are_passed():
    deepest = "/".join("x" * asxipfs.MOST_DEPTH)
    longest = "n" * 252
    found = FileSystem(asxipfs.pack([(deepest, b"1", False), (longest, b"2", False)]))
    assert (found.read(deepest), found.read(longest)) == (b"1", b"2")


def test_empty_files_and_an_empty_image_are_lawful():
    assert FileSystem(asxipfs.pack([("empty", b"", True)])).read("empty") == b""
    assert FileSystem(asxipfs.pack([])).paths() == []


def test_tables_longer_than_a_page_push_the_files_back():
    files = [("file{:04}".format(number), bytes((number % 251 + 1,)), False) for number in range(300)]
    found = FileSystem(asxipfs.pack(files))
    assert found.find("file0000").offset == 0x2000
    assert [found.read(path) for path, _, _ in files] == [data for _, data, _ in files]


@pytest.mark.parametrize(("kind", "word"), [
    (0o010000, "fifo"), (0o020000, "character device"), (0o060000, "block device"), (0o120000, "link"), (0o140000, "socket"),
    (0o000000, "unknown"), (0o160000, "unknown"),
])  # fmt: skip
def test_what_is_neither_file_nor_directory_is_refused(small, refused, kind, word):
    # An MTD character device, 90:0, once opened raw flash to an app.
    inode(small, A, mode=kind | 0o1666, size=0x5A00, offset=0)
    assert word in refused(FileSystem, sealed(small), offset=A).reason


@pytest.mark.parametrize(("at", "mode"), [
    (A, 0o100644), (A, 0o105644), (A, 0o103644), (SUB, 0o041755), (SUB, 0o042755), (SUB, 0o044755), (ROOT, 0o101755), (ROOT, 0o044755),
])  # fmt: skip
def test_special_bits_are_refused_and_execution_in_place_is_demanded(small, refused, at, mode):
    inode(small, at, mode=mode)
    refused(FileSystem, sealed(small), offset=at)


@pytest.mark.parametrize(("at", "name", "offset"), [
    (A_NAME, b"..\0\0", A_NAME), (A_NAME, b".\0\0\0", A_NAME), (A_NAME, b"/\0\0\0", A_NAME), (A_NAME, b"\0\0\0\0", A_NAME),
    (A_NAME, b"a\0b\0", A_NAME), (A_NAME, b"\x01\0\0\0", A_NAME), (A_NAME, b"a\xff\0\0", A_NAME), (A_NAME, b"\\\0\0\0", A_NAME),
    (A_NAME, b"sub\0", SUB), (A_NAME, b"zzz\0", SUB), (A_NAME, b"SUB\0", SUB), (INNER_NAME, b"../a", INNER_NAME),
])  # fmt: skip
def test_names_that_mislead_are_refused(small, refused, at, name, offset):
    small[at : at + 4] = name
    refused(FileSystem, sealed(small), offset=offset)


@pytest.mark.parametrize(("at", "field", "value", "offset"), [
    (A, "name_size", 0, A), (A, "name_size", 252, A), (A, "name_size", 20, A_NAME), (INNER, "name_size", 8, INNER),
    (SUB, "offset", 76, SUB), (SUB, "offset", 64, SUB), (SUB, "offset", 0, SUB), (SUB, "offset", 112, SUB),
    (SUB, "offset", 0x3FFFFFF * 4, SUB), (SUB, "size", 0, 44), (SUB, "size", 12, INNER), (SUB, "size", 15, SUB),
    (SUB, "size", 0xFFFFFC, SUB), (SUB, "size", 32, 124), (ROOT, "offset", 80, ROOT), (ROOT, "offset", 0, ROOT),
    (ROOT, "name_size", 4, ROOT), (ROOT, "size", 16, 44), (ROOT, "size", 0xFFFFFC, ROOT), (ROOT, "size", 0, 44),
    (A, "offset", 0x1004, A), (A, "offset", 0, A), (A, "offset", 0x3000, A), (A, "size", 0xFFFFFF, A), (A, "size", 4096 * 3, A),
    (A, "size", 4, 0x1004), (A, "offset", 0x2000, INNER), (INNER, "offset", 0x1000, INNER), (INNER, "size", 4097, INNER),
])  # fmt: skip
def test_each_lie_about_place_or_size_is_refused(small, refused, at, field, value, offset):
    inode(small, at, **{field: value})
    refused(FileSystem, sealed(small), offset=offset)


def test_a_directory_inside_itself_is_refused(small, refused):
    inode(small, INNER, mode=DIRECTORY_MODE, offset=INNER, size=16)
    assert "goes back" in refused(FileSystem, sealed(small), offset=INNER).reason


def test_two_directories_of_one_table_are_refused(refused):
    body = bytearray(asxipfs.pack([("a/f", b"", False), ("b/f", b"", False)]))
    inode(body, 92, offset=108)
    assert "goes back" in refused(FileSystem, sealed(body), offset=92).reason


def test_two_files_of_one_content_are_refused(refused):
    body = bytearray(asxipfs.pack([("a", b"1", False), ("b", b"1", False)]))
    inode(body, 92, offset=0x1000)
    assert "overlaps" in refused(FileSystem, sealed(body), offset=92).reason


@pytest.mark.parametrize(("at", "value"), [
    (0, 0x28CD3D46), (4, 0x3001), (4, 0x2000), (4, 0), (4, 0xFFFFF000), (8, 1), (8, 2), (8, 7), (8, 0x403), (12, 1), (16, 0),
    (36, 1), (40, 1), (44, 3), (44, 5), (44, 0), (48, 0),
])  # fmt: skip
def test_a_superblock_of_another_kind_is_refused(small, refused, at, value):
    struct.pack_into("<I", small, at, value)
    refused(FileSystem, sealed(small), offset=at)


def test_a_wrong_checksum_is_refused(small, refused):
    small[0x1000] ^= 1
    assert "checksum" in refused(FileSystem, bytes(small), offset=32).reason


@pytest.mark.parametrize("at", [124, 0xFFF, 0x1005, 0x1FFF])
def test_bytes_that_belong_to_nothing_must_be_zero(small, refused, at):
    small[at] = 1
    assert "belong" in refused(FileSystem, sealed(small), offset=at).reason


@pytest.mark.parametrize("size", [0, 1, 63, 75, 76, 4095, 4096, 4097, 0x2000, 0x3000 - 1, 0x3000 + 4096])
def test_another_length_is_refused(small, size):
    body = bytes(small)[:size].ljust(size, b"\0")
    with pytest.raises(Invalid):
        FileSystem(body)


def test_too_many_inodes_are_refused(refused):
    files = [("{:05}".format(number), b"", False) for number in range(asxipfs.MOST_INODES + 1)]
    with pytest.raises(Invalid) as caught:
        asxipfs.pack(files)
    assert "inodes" in caught.value.reason
    assert len(FileSystem(asxipfs.pack(files[:-1])).nodes) == asxipfs.MOST_INODES


def consistent(body, found):
    """Whether what was accepted is what the writer could have written: packing it again says the same."""
    files = [(path, found.read(path), found.find(path).is_executable) for path in found.paths()]
    again = FileSystem(asxipfs.pack(files))
    return [(path, again.read(path)) for path in again.paths()] == [(path, data) for path, data, _ in files]


@pytest.mark.parametrize("change", [1, 2, 0x40, 0x80, 0xFF])
def test_any_byte_of_the_tables_changed_and_sealed_again_is_refused_or_consistent(small, change):
    original = bytes(small)
    accepted = 0
    for at in range(132):
        body = bytearray(original)
        body[at] ^= change
        try:
            found = FileSystem(sealed(body) if not 32 <= at < 36 else bytes(body))
        except Invalid:
            continue
        accepted += 1
        assert consistent(bytes(body), found)
    # Only the letters of names, permissions and owners may be otherwise.
    assert accepted < 45


@pytest.mark.parametrize("at", range(0, 0x3000, 97))
def test_any_byte_changed_without_a_new_checksum_is_refused(small, at):
    small[at] ^= 0x10
    with pytest.raises(Invalid):
        FileSystem(bytes(small))


@given(st.lists(st.tuples(st.integers(0, 140), st.integers(0, 255)), max_size=12), st.integers(1, 4))
@settings(max_examples=300)
def test_scattered_changes_raise_nothing_but_invalid(changes, pages):
    body = bytearray(asxipfs.pack([("a", b"A", False), ("d/b", b"B" * 5000, True), ("d/e/f", b"", False)]))
    for at, value in changes:
        body[at] = value
    body = body[: pages * 4096]
    try:
        found = FileSystem(sealed(body))
    except Invalid:
        return
    assert consistent(bytes(body), found)


def test_modes_are_those_seen_in_real_packages(blink_body):
    modes = [node.mode for node in FileSystem(blink_body).nodes]
    assert modes == [DATA_MODE, DIRECTORY_MODE, 0o101755]
