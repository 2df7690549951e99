"""The secure channel and evidence: a session recorded against OpenSSL 3.0, played again and damaged.

The client's random numbers and signatures are fixed, so every byte it sends must be the same again;
prints what both interpreters must agree on.
"""

import hashlib

from armillary.native.plain import suite
from armillary.wire import cbor, cose, evidence, http, x509
from armillary.wire.fault import Fault
from armillary.wire.tls import Client

NOW_MS = 1780272000000
KEY = bytes.fromhex("ef6cbd2161eaea7943ce8693b9824d23d1793ffb1c0fca05b600d3899b44c977")  # of the device's test certificate
ROOT = bytes.fromhex(
    "3082019230820138a00302010202051234567890300a06082a8648ce3d040302301e310d300b060355040a0c0454657374310d30"
    "0b06035504030c04526f6f74301e170d3236303530323030303030305a170d3237303630313030303030305a301e310d300b0603"
    "55040a0c0454657374310d300b06035504030c04526f6f743059301306072a8648ce3d020106082a8648ce3d03010703420004a1"
    "0bdc79dc3ec95d383ed834d160e47462cf007216193ecae84fce1a45cf648a806c4b99137a420495eb120a7a5ca98383df58289a"
    "96470fdb4ec3d260155903a3633061301d0603551d0e04160414e91236f5aa79c71d80bb73a23f4d6bf84c8406e3301f0603551d"
    "23041830168014e91236f5aa79c71d80bb73a23f4d6bf84c8406e3300f0603551d130101ff040530030101ff300e0603551d0f01"
    "01ff040403020106300a06082a8648ce3d040302034800304502207ad629bb9bf8cc482dca678cc05e5a47427c4c14b841c1466f"
    "88f98090b8ca3e022100a473abec6e780355039e73b727ad5cf5a898b97eae81eaf00cd05a7102e2e258"
)
DEVICE = bytes.fromhex(
    "308201a73082014ca00302010202051234567890300a06082a8648ce3d040302301e310d300b060355040a0c0454657374310d30"
    "0b06035504030c04526f6f74301e170d3236303530323030303030305a170d3237303630313030303030305a3020310d300b0603"
    "55040a0c0454657374310f300d06035504030c066465766963653059301306072a8648ce3d020106082a8648ce3d030107034200"
    "045f0a7f9b9a5fe8e9f0c650f618c8669f7acb7e1ddd2d378f3daac186fdac572d93b6093b4dc1ac5a76973052e117a4fa2bb31c"
    "3599f4d23c9d00051eedf4c038a3753073301d0603551d0e04160414f9252737fd5dfdb2f59f27b0ec6078748c9296a1301f0603"
    "551d23041830168014e91236f5aa79c71d80bb73a23f4d6bf84c8406e3300c0603551d130101ff04023000300e0603551d0f0101"
    "ff04040302078030130603551d25040c300a06082b06010505070302300a06082a8648ce3d0403020349003046022100f6e14020"
    "5ea4d4e3f7b78dff4c5d27fa4163613000effc3dee6e8f6729f8ac330221008a1e43b12e48bdf0c9b764762a41518408844534d9"
    "26176384d33d1f5cc331a9"
)
FLIGHT = bytes.fromhex(
    "160303009b020000970303467c5cd9e3e0acae5a010181e450a12c6f8dcf38577ce1b4b7327ae7766e4258202877bd363ab4e85f"
    "810943a5707277929601c2910d8cb5f8e11fad081d65dc29130100004f002b00020304003300450017004104733c4fc43c6e6251"
    "85b1e7fd591fc35b7cb87a2b110dd43a922ff955ad29735cdbcf8cdae75e9381bcba76209cb61cf45ad63b608d55c87ec1174eec"
    "f003b9b814030300010117030300407a8f368cfa68209a5a3c133cc8386f61187df39bc190ec09b981d09f925cdcf4ef96e0152d"
    "188d7ef624eeb1545d09752c5da4fbac530370cff00b636ab32012170303003e873ac016ad4f2bf2a46842a7900a2a35e0601f73"
    "5628e5be67e010800fa1c47af30239cce7c08581b5319136ce6ddac4c4761b3ed5eaf9d2b4f921f06d4d170303037f9d7a30e9a6"
    "ad103a0a98014897c09fd4d5c1e7d915e19342012e091b0f4601c3db45856dbb16d303fcc46ada4751b0677f887360f6c3560126"
    "46e48fb3115d0dff8187380e8901c6fe3f161086ddec37107ae55a1453c12f3923fc58d9ef5c2425ad2d3a92c5a5e93ed744a0e9"
    "1e0839a42086aae78ee6ff9303ab5f768fe753222a526a5a2d764ab0c36f95b004a34b9fc018b0ee049de965910383a2dd460cdf"
    "dd56d2a97124a04da69d3c2f015145d616ff603eddfb283ec54bf72534fe85a715b2a7a963d073aec0e4750c69a8ce931f72e7fd"
    "ac8275aff236d25f0de7fe0d4dad26618ea1897f2af5582a1561d41866430dc9f323ba3c9697fdf78d4a15ac095fa2fd7eba4030"
    "3bd7054da89bb5aa61fa156c564c9ccd518e29494554a2c85bd0b1bc63627ad154fa3c84de303455007d537930afef41d05ccd5b"
    "e311daea51ef17e214089b99e0254edabeffc60952d3651efb829e7b16278e168c4475286eaa8ccd2f8a0c83ca4b1cf2f1f5b04c"
    "4c75ee9312b3a6de08a627bf58b6eb970f3d730591d5546587659a7555e66296ef557791f895e8e4603f53952d4c66ca41544254"
    "e92d882bf187429c17fe0c4cd63e64eb64e4676971f6794c00cd9ac71337c1bc3819c3ba9e1ce4340c635e42143ad2eb4255bf8c"
    "80b7399eb71b7361190bf6c9a41716e7250a2659bd5c36f159fb166a4c3b94c49855bc12548309332ed40a2a48668e56056cab78"
    "ba0b9fd9fb3f0ac22dc530bd37a35fc83edb61b160263e20c0b9dfb4bcd0596fe319f1cbaccbe930b9a657d5eb41236e828abd76"
    "10b9d0f05f19522cbb5203ef4cb613662b771350eb694f404bf8525dc322318b764723bd66de8fc2838d930caafc614745e4cceb"
    "a51be0755f50236ee0c2f34a10e92bcc18c92824735b0d8d1d7e56ae43ffdafae1ca7a4514889d99debec1909cf363eb5ebfe0db"
    "42c59850740204361defb29dfc3c85eac060fb9763feb368accb998b058573bf6bb81d6810c537a7fd5e81deadef210e048e06b6"
    "55c5d8e33907169654544f5a64af2ee3732888033a23de7e8e9f74ad436a0f688c2c177661575e29ad43fda431fd3fea8ee07ef2"
    "4e910c531070e35b8df427733a29b1cd5f975f043455824ca6818c5fb4642aa7ff1c6370ad8c12eee7c697a6d8e56e5d3d7d4000"
    "db401c7aa4c3399a9fcdd616bd2f0d14e4d31dd0467e4027482a1709a9705377756f776299f0b93d5285c1575111ebeb0fed6a36"
    "8cd71de1bc40170303005f96c7c3ec070ffacd8ccdb9e4ca1c1ac94704b287b2d201a0e7c63bc8cc852261eb4f7c84b3dadf682e"
    "bef7ae5511b0e69fa995e7a79c941738ec2db57d00e8ae04fcb25152e99db26a97ffc004b1eb525a102b4ed9534908356b3e94bd"
    "6b1e1703030035a59eda10b03ad04db4350ed34d5b028cbeadcac2e8c9c1319aae9537e6675585dff929981ee7e7aec3ffaa19f8"
    "44b3ed374124f1fe"
)
ANSWER = bytes.fromhex(
    "17030302aa2d1f7dc609c2bd47cd6870bf9942990410cf1918d8278410b580e6868781bcd330d754216d310b796bd96de47afe7b"
    "d63e9e242783be7ca42e4c5a723b1060b0929352fff1fa1086ea6a082ddec10d8eaac851c4e927703e769cb5f490a26c1b3d57f7"
    "c53b68607169c770fb8b886c559c792e341bf67e59f0e487eee11f10e57ccf778e7ac5a74404e358fb60468470cd47d4c37c2b1c"
    "87be9a72a73518eedf0ac2a583ad282306e8a613c395f842772e754d117a3c608500f0bec819bf5e23e966d773594782a6ca2352"
    "be9fd3a48b3d8d1685dc9186222e509857a2468ffe17a95051a848e3641c0884d9800e8329bf96f6561b5a0ab7f48595771cb514"
    "ee50702fa8bf56e35562e127e13cdf19c97bab0826a5f894faa0b7150294b66bc0a77a08ce38020e900c400b0971edfd6872af22"
    "7c613f809f3d3b38393a7916feb0591c8b3cf78893377469fa36f0adfcb0c4486ddc92fba76e6fa0dca7e0d53932606e0d1e52da"
    "5fa3a52e229aa3e8b3300c85f4cc4daf0fb4a0117b0085df55fa3df1aae39c73ca485692b08ff1758ae57e3c091cdd6f326cf080"
    "826f48bc1454571e966c9d332b549956693de396ce47dd5dbddf5cd1eb948fb9e51ca84b3cf3fdc1aaf9fb5ad31e528728530a87"
    "bbabf2a4d6d33b3b84655dd0ff94f45df234ef3a1260cbad3b47bfa73d4cc3cc52a487174002046a81cc19f4216da1ce90815bfc"
    "a08625adf050c0ae89c279ee3599fc54ab6bcc084da643b5c5f5ce05704bf1f74a5859dbf5da40d1fed4bf51559c660454c360dc"
    "fa45bc5815f8f5d70479606edeb524d3541c3052860a3a59a0b38303c74eb95e0b10aa6898f3c43d7fae110a832f31c19692231c"
    "21a6cd1db18c6b4f4211027047a15a43dffa4a92efb39ec57e49d0f49f8924c61c595113f0d99689dda0e5fb7db6c812baafa414"
    "71ed22642f50ffaf64614517030302aa92474b740aad45b0125869bdc3dd1d1d6bc042993eb04c4344bd3e94a27753aeb79b73a7"
    "6a2636dde045f755d95a87d26b0a62786f67cae753c1b8d5ce02c7ecaaf0b1dae59d59fa7c7d1c6faa86c4477d67a155d5499469"
    "399fa3bcb65f568e050493b8d904f5001ff0ae67f82442c97a25a812a97c468f596c7ba009b78662a4bb31db3a24b4a2f3be26ef"
    "af239db7de3d27cf784bb1074bfd890d426a44b7d5d68766d91cfcba569ec1044fd01644c085530f05abf9e7db3266f1b8244a20"
    "044366d35ad1cf522e5499eaba1eacdd9e7e35b41e241df83dd13c4cab7a4b1042337660e3008d22d07bd62a4611fa436dce395d"
    "da3d6152cd09f7dacf6733703ebf7591f435aab2d4cb48db50d571a3d079cf384949d6d7022ecf85c0675744788297f37c27af82"
    "f60bb314d851b8021613199424017ffc4317b7a8876d7073c80e7711a15a28905543f2d6b12e3c32f6b6c6edb22684ceb4d6060d"
    "7ab46a58806d0204251892972834b8d3c70cc64408f2e381012efc5777c35640d8a7be1f052f3e4d8f9e27ce1113e3d2c4c6948c"
    "86848c4ea22917f495404c7cbf247b3ed7f7daa63ab7bd336606fcdc6ca074e1f08da3aa9e036dfa2c097f993fa7f010fd6d31f2"
    "992c9542bb15110ada5e23f90220ad505d4a9d9bee58fbe2d99995f716e36444ca52850637d26e95b0af04d30ad4016ecd3c88c0"
    "ba0775a4f7ab37db6240be6b6b148d4dc4ed527df9bc1820ddc7a5e5c6a504d648a9fa0ac7c295809afea0cddb5fc5226d110c65"
    "da06a58249788c4e9f113fbe3dbfe7cd3fd897af8bdaeb46ac85461b350aa8bedff55011c59ba67d6d0107514067339d652e127b"
    "3afdc02a4ac8b4901e44dd033ed66b504ed502611331ddf04994ffc52a5e0d722fab22c9cc14db18d5bedb22c8d3ecec72ad7269"
    "02233cdce9301658f0d94aec60499b573160ac00d649170303004dda1b021e174c90cd1215a88afe2134150bce1e42de120e0ddd"
    "03ceb3ed5b70d57c097f40efc44668e228472681a23d141042f974203c5fc5174e1cd113ab195b46b83041bb0af9449d66bac9f5"
)


class Numbers:
    """The random source of the recording: SHA-256 of a count."""

    def __init__(self):
        self.count = 0

    def __call__(self, length):
        out = b""
        while len(out) < length:
            self.count += 1
            out += suite.sha256(b"rnd" + str(self.count).encode())
        return out[:length]


def sign(digest):
    return suite.p256_sign(KEY, digest)


def begin():
    client = Client(suite, Numbers(), "server.example", [ROOT], NOW_MS, [DEVICE], sign, ("http/1.1",))
    client.start()
    return client


def show(name, data):
    print(name, len(data), hashlib.sha256(data).digest().hex())


def feed(client, data, step):
    for at in range(0, len(data), step):
        client.feed(data[at : at + step])


def play(step):
    client = begin()
    show("hello", client.outgoing())
    feed(client, FLIGHT, step)
    show("finished", client.outgoing())
    client.send(http.request("POST", "/a", "server.example", {"X": "y"}, b"body"))
    show("request", client.outgoing())
    feed(client, ANSWER, step)
    response = http.ResponseParser("POST")
    response.feed(client.received())
    print(client.is_open, client.protocol, response.is_complete, response.status, response.body)
    client.close()
    show("goodbye", client.outgoing())


def damaged(at):
    """How the client takes the server's flight with one byte of it changed."""
    client, flight = begin(), bytearray(FLIGHT)
    flight[at] ^= 0x20
    try:
        client.feed(flight)
        print(at, "open" if client.is_open else "waits")
    except Fault as fault:
        print(at, fault)


def outcome(name, call, *arguments):
    try:
        print(name, call(*arguments))
    except Fault as fault:
        print(name, fault)


play(len(FLIGHT))
play(100)
for at in range(0, len(FLIGHT), 101):
    damaged(at)

print(x509.summary(DEVICE))
outcome("wrong host", x509.verify_chain, [DEVICE], [ROOT], "server.example", NOW_MS, suite)
for at in range(0, len(DEVICE), 23):
    outcome(at, x509.summary, DEVICE[:at] + bytes((DEVICE[at] ^ 1,)) + DEVICE[at + 1 :])
for text in ("A!AA", "AAB=", "AAA", "====", "AAAA"):
    block = "-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----"
    outcome("PEM " + text, x509.pem_to_der, block)

components = [(kind, bytes((kind,)) * 32, kind, b"s" * 32, "stage") for kind in range(1, 21)]
report = evidence.Evidence(
    b"n" * 32, suite.p256_public(KEY), 3, b"i" * 32, b"b" * 32, components, suite.p256_public(KEY),
    [(b"t" * 16, suite.p256_public(KEY))], [11, 13],
)  # fmt: skip
claims = evidence.pack(report)
token = cose.sign1(claims, b"kid", sign)
show("token", token)
print(evidence.unpack(cose.parse_sign1(token)[2]).values() == report.values())
for data in ("1800", "a203010102", "9f01ff", "0000", "62c080", "fb3ff199999999999a", "81" * 9 + "00", "a1f501", "5bffffffffffffffff"):
    outcome(data, cbor.loads, bytes.fromhex(data))
for value in (2**64 - 1, -(2**64), 2**64, True, None, {2: 1, -1: 2, "a": [b"x"], b"": 3}, {True: 1}, 1.5):
    outcome("encoded", lambda value=value: cbor.dumps(value).hex())
for data in (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 200 OK\nA: b\r\n",
    b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n", b"HTTP/1.1 204 No\r\n\r\n",
):  # fmt: skip
    outcome(data, http.ResponseParser().feed, data)
