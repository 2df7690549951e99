"""The formats of `wire`, written, read and damaged: prints what both interpreters must agree on."""

import hashlib

from armillary.wire import (
    asxipfs,
    call,
    capability,
    guid,
    image,
    jsonstrict,
    keystore,
    manifest,
    partition,
    stage,
    stream,
    utf8,
)
from armillary.wire.fault import ALL, Fault, Invalid

MANIFEST = b"""{"SchemaVersion":1,"Name":"sample","ComponentId":"2f074b0f-d99d-4692-82d9-ef93a7d6463c","EntryPoint":"/bin/app",
"CmdArgs":["a"],"TargetApplicationRuntimeVersion":12,"Capabilities":{"Gpio":[8,9],"AllowedConnections":["A.example","10.0.0.1"],
"MutableStorage":{"SizeKB":8},"SystemTime":true,"Uart":["ISU0"],"DeviceAuthentication":"a5a5a5a5-0000-4000-8000-000000000001"}}"""
COMPONENT = guid.to_bytes("2f074b0f-d99d-4692-82d9-ef93a7d6463c")


def show(data):
    print(hashlib.sha256(data).digest().hex(), len(data))


def seal(body):
    body[32:36] = asxipfs.crc32(bytes(body)).to_bytes(4, "little")
    return bytes(body)


def outcome(read, data):
    """What became of `data`: how it was refused, or what it says."""
    try:
        return repr(read(data))
    except Invalid as fault:
        return str(fault) + " " + str(fault.offset)


def sweep(name, read, data, places, change):
    """Damage each place in turn; print how often it was refused, and a digest of every outcome."""
    refused, said = 0, bytearray()
    for at in places:
        damaged = bytearray(data)
        damaged[at] ^= change
        text = outcome(read, damaged)
        refused += text.startswith("Invalid")
        said.extend(text.encode() + b"\n")
    print(name, change, refused, hashlib.sha256(said).digest().hex())


def said_by_image(data):
    package = image.parse(bytes(data))
    names = [(part.number, part.offset, part.data.hex()) for part in package.sections]
    return package.image_type, package.component.hex(), package.built_unix, package.security_version, package.depends, names


def said_by_files(data):
    found = asxipfs.FileSystem(seal(data))
    return [(node.path, node.mode, node.size, node.offset, hashlib.sha256(found.read(node.path)).digest().hex()) for node in found.nodes if not node.is_directory]


def said_by_manifest(data):
    found = manifest.parse(bytes(data))
    return found.entry_point, found.component.hex(), found.gpio, found.uart, found.mutable_storage_kib, found.policy_line("Gpio")


def said_by_keys(data):
    return [(key.public.hex()[:8], key.thumbprint.hex(), key.roles) for key in keystore.unpack(bytes(data))]


def said_by_table(data):
    sequence, entries = partition.unpack_table(bytes(data))
    return sequence, [entry.pack().hex() for entry in entries]


body = asxipfs.pack([("bin/app", b"\x7fELF" * 2000, True), ("app_manifest.json", MANIFEST, False), ("a/b/c", b"", False), ("a.txt", b"t", False)])
show(body)
package = image.build(
    body, image.APPLICATIONS, COMPONENT, bytes(16), "sample", 1654786668, bytes(20), lambda digest: digest + digest,
    security_version=7, depends=((12, 3),), temporary_flags=2,
)  # fmt: skip
show(package)
show(image.resign(package, b"t" * 20, lambda digest: digest + bytes(32)))
loaded = manifest.load(asxipfs.FileSystem(body))
manifest.check_package(loaded, image.parse(package))
print(loaded.allowed_connections, loaded.arguments, loaded.pins(), loaded.policy_line("AllowedConnections"))
print(said_by_image(package))

keys = keystore.pack([keystore.Key(bytes((number,)) * 64, bytes((number,)) * 20, number) for number in range(1, 5)])
granted = capability.pack(bytes(range(64)), [11, 13])
table = partition.pack_table(5, [partition.Entry(COMPONENT, bytes(16), 10, 2, 0, 4096, 100, 3, 1, 1)])
small = image.build(b"body", 4, COMPONENT, bytes(16), "n", 1, bytes(20), lambda digest: bytes(64), 3, ((1, 2),), 1)
for data in (keys, granted, table, small):
    show(data)
for change in (1, 0x80, 0xFF):
    sweep("image", said_by_image, small, range(len(small)), change)
    sweep("files", said_by_files, body, range(200), change)
    sweep("manifest", said_by_manifest, MANIFEST, range(len(MANIFEST)), change)
    sweep("keys", said_by_keys, keys, range(len(keys)), change)
    sweep("capabilities", lambda data: capability.unpack(bytes(data))[1], granted, range(len(granted)), change)
    sweep("table", said_by_table, table, range(len(table)), change)

for text in (
    b'{"a":1,"a":2}', b"[1,]", b"[1 2]", b"{", b"[", b'{"a" 1}', b"01", b"1e999", b"NaN", b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\\ud800"',
    b"\xef\xbb\xbf1", b'"a\nb"', b"[" * 33, b"1" * 41, b"-", b"tru",
):  # fmt: skip
    print(outcome(jsonstrict.loads, text))
print(jsonstrict.loads('{"a":[1,-2.5,1e3,"\\u00e9\\ud83d\\ude00\\n",true,false,null]}')["a"][3].encode())

decoder = stream.Decoder()
messages = [b"", bytes(300), b"\1" * 254, b"\xff" * 4096, bytes(range(256)) * 3]
line = b"noise\0" + b"".join([stream.encode(message) for message in messages])
show(line)
found = []
for at in range(0, len(line), 13):
    found.extend(decoder.feed(line[at : at + 13]))
print(found == messages, decoder.refused)

layout = call.Layout("pin:u16<=95 flag:u8<=1 low:i32=-5..5 data:bytes<=10 name:text<=4 id:b4")
packed = layout.pack((3, True, -5, bytearray(b"ab"), "xé", memoryview(b"idid")))
print(packed.hex(), layout.unpack(packed)[:4])
sweep("layout", lambda data: layout.unpack(data)[:4], packed, range(len(packed)), 0xFF)
for values in ((96, 0, 0, b"", "", bytes(4)), (-1, 0, 0, b"", "", bytes(4)), (0, 2, 0, b"", "", bytes(4)), (0, 0, 6, b"", "", bytes(4)),
               (0, 0, 0, bytes(11), "", bytes(4)), (0, 0, 0, b"", "xxxé", bytes(4)), (0, 0, 0, b"", "", bytes(5)), (0, 0), (None, 0, 0, b"", "", bytes(4))):  # fmt: skip
    print(outcome(layout.pack, values))

ADD = call.Call(1, "add", "a:u8 b:u8", "sum:u8")
DENY = call.Call(2, "deny", "kind:u8", "", ("host",))


def deny(kind):
    raise ALL[kind]("why", "", "rule", "policy", "remedy" + "é" * 400)


gate = call.Gate("ring", "host", {ADD: lambda a, b: a + b, DENY: deny})
port = call.Port(gate)
print(port.call(ADD, 2, 3), port.describe())
for kind in range(len(ALL)):
    try:
        port.call(DENY, kind)
    except Fault as fault:
        print(type(fault).__name__, fault.code, fault.errno, fault.ring, len(fault.remedy.encode()))
print(gate(b"\x63\x01").hex(), gate(b"").hex(), gate(b"\1\2\xff\xff").hex())

one = stage.Stage(10, bytes(range(32)), 1, bytes(32), 1, 1, 2**40, "a name\n")
print(stage.parse_line(stage.unpack_stages(stage.pack_stages([one, one]))[1].line("pluton"))[1]["stage"])
print(outcome(utf8.decode, b"ab\xf4\x90\x80\x80"), utf8.is_plain("a\x1b"), utf8.is_plain("é"))
