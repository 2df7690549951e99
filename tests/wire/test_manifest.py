"""App manifests: every key, every limit, every error number."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import asxipfs, guid, image, manifest
from armillary.wire.fault import Invalid
from armillary.wire.permissions import ERRORS, OF_REAL_TIME, TABLE

OTHER = "005180bc-402f-4cb3-a662-72937dbcde47"
TENANT = "a5a5a5a5-0000-4000-8000-000000000001"

# A value of each capability and what the manifest keeps of it.
LAWFUL = {
    "AllowedConnections": (["A.Example.com", "10.0.0.1", "_http._tcp.local"], ("a.example.com", "10.0.0.1", "_http._tcp.local")),
    "AllowedTcpServerPorts": ([0, 65535], (0, 65535)),
    "AllowedUdpServerPorts": ([53], (53,)),
    "AllowedApplicationConnections": ([OTHER.upper()], (guid.to_bytes(OTHER),)),
    "Gpio": ([8, 9, 95], (8, 9, 95)),
    "Uart": (["ISU0"], ("ISU0",)),
    "I2cMaster": (["ISU1"], ("ISU1",)),
    "SpiMaster": (["ISU2"], ("ISU2",)),
    "Pwm": (["PWM-CONTROLLER-0"], ("PWM-CONTROLLER-0",)),
    "Adc": (["ADC-CONTROLLER-0"], ("ADC-CONTROLLER-0",)),
    "I2sSubordinate": (["I2S0", "I2S1"], ("I2S0", "I2S1")),
    "ExternalInterrupt": (["EINT12"], ("EINT12",)),
    "MutableStorage": ({"SizeKB": 64}, 64),
    "DeviceAuthentication": (TENANT, guid.to_bytes(TENANT)),
    "PowerControls": (["ForceReboot", "SetPowerProfile"], ("ForceReboot", "SetPowerProfile")),
}
FLAGS = [row[0] for row in TABLE if row[3] is False]
for flag in FLAGS:
    LAWFUL[flag] = (True, True)
ATTRIBUTES = {row[0]: row[1] for row in TABLE}


def parse(top):
    return manifest.parse(json.dumps(top).encode())


def with_capabilities(base, **capabilities):
    return {**base, "Capabilities": capabilities}


def error(call, *arguments):
    """The AppManifestError number with which `call` refuses, checked to be the same in reason and policy."""
    with pytest.raises(Invalid) as caught:
        call(*arguments)
    fault = caught.value
    kind, number, name = fault.policy.split(" ")
    assert kind == "AppManifestError"
    assert ERRORS[int(number)] == name
    assert f"(error {2 << 20 | int(number)})" in fault.reason
    return int(number)


def test_the_sample_is_read(manifest_object):
    found = parse(manifest_object)
    assert found.name == "AzureSphereBlinkTest"
    assert found.component == guid.to_bytes("2f074b0f-d99d-4692-82d9-ef93a7d6463c")
    assert (found.entry_point, found.arguments, found.application_type) == ("/bin/app", (), "Default")
    assert (found.target_runtime_version, found.target_beta_apis, found.malloc_version) == (12, None, None)
    assert found.gpio == (8, 9)


def test_there_is_an_example_of_every_capability():
    assert set(LAWFUL) == set(ATTRIBUTES)


@pytest.mark.parametrize("key", LAWFUL)
def test_a_capability_is_granted_as_written_and_no_other_with_it(manifest_object, key):
    value, kept = LAWFUL[key]
    found = parse(with_capabilities(manifest_object, **{key: value}))
    for name, attribute, _, nothing in TABLE:
        assert getattr(found, attribute) == (kept if name == key else nothing)
    assert found.policy_line(key) == "Capabilities." + key + " = " + json.dumps(value)


def test_everything_at_once_is_lawful(manifest_object):
    found = parse(with_capabilities(manifest_object, **{key: value for key, (value, _) in LAWFUL.items()}))
    assert [getattr(found, ATTRIBUTES[key]) for key in LAWFUL] == [kept for _, kept in LAWFUL.values()]


def test_an_absent_capability_has_a_line_that_says_so(manifest_object):
    assert parse(manifest_object).policy_line("Pwm") == "Capabilities.Pwm is absent"


def test_a_flag_may_be_false(manifest_object):
    assert parse(with_capabilities(manifest_object, SystemTime=False)).system_time is False


TOP = [
    ({"SchemaVersion": None}, 17), ({"SchemaVersion": 2}, 17), ({"SchemaVersion": True}, 17), ({"SchemaVersion": 1.0}, 17),
    ({"SchemaVersion": "1"}, 17), ({"Name": 5}, 1), ({"Name": ""}, 1), ({"Name": "x" * 129}, 1), ({"Name": "a\nb"}, 1),
    ({"ComponentId": "x"}, 1), ({"ComponentId": 5}, 1), ({"ComponentId": "00000000-0000-0000-0000-000000000000"}, 1),
    ({"EntryPoint": 5}, 16), ({"EntryPoint": "bin/app"}, 16), ({"EntryPoint": "/"}, 16), ({"EntryPoint": "/a/../b"}, 16),
    ({"EntryPoint": "//a"}, 16), ({"EntryPoint": "/a\0"}, 16), ({"EntryPoint": "/" + "x" * 255}, 16), ({"EntryPoint": "/é"}, 16),
    ({"CmdArgs": "x"}, 5), ({"CmdArgs": [1]}, 5), ({"CmdArgs": ["a\0"]}, 5), ({"CmdArgs": ["x" * 1025]}, 5), ({"CmdArgs": ["x"] * 65}, 5),
    ({"Capabilities": None}, 6), ({"Capabilities": []}, 6), ({"ApplicationType": 1}, 27), ({"ApplicationType": "default"}, 26),
    ({"ApplicationType": "Debugger"}, 26), ({"TargetApplicationRuntimeVersion": "12"}, 1), ({"TargetApplicationRuntimeVersion": 0}, 1),
    ({"TargetApplicationRuntimeVersion": True}, 1), ({"TargetApplicationRuntimeVersion": 2**32}, 1), ({"TargetBetaApis": 1905}, 1),
    ({"TargetBetaApis": ""}, 1), ({"MallocVersion": 3}, 59), ({"MallocVersion": True}, 59), ({"MallocVersion": "2"}, 59),
    ({"MallocVersion": None}, 59), ({"Surprise": 1}, 1), ({"PolicyGroups": []}, 20), ({"PolicyCapabilities": []}, 21), ({"name": "x"}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("change", "number"), TOP)
def test_a_wrong_key_at_the_top_is_refused_with_its_number(manifest_object, change, number):
    assert error(parse, {**manifest_object, **change}) == number


@pytest.mark.parametrize(("key", "number"), [("SchemaVersion", 4), ("EntryPoint", 3), ("Capabilities", 6), ("Name", 1), ("ComponentId", 1)])
def test_a_missing_key_is_refused_with_its_number(manifest_object, key, number):
    del manifest_object[key]
    assert error(parse, manifest_object) == number


@pytest.mark.parametrize("key", ["CmdArgs", "ApplicationType", "TargetApplicationRuntimeVersion"])
def test_some_keys_may_be_missing(manifest_object, key):
    del manifest_object[key]
    assert parse(manifest_object).application_type == "Default"


UNLAWFUL = [
    ("AllowedConnections", 9, ["x", [5], [""], ["*.example.com"], ["a..b"], ["-a.com"], ["a-.com"], ["a b"], ["a.com."], ["1.2.3"],
     ["256.1.1.1"], ["01.2.3.4"], ["0x7f.1"], ["a.com", "A.com"], ["_http._udp.local"], ["_._tcp.local"], ["x" * 64], ["x." * 127 + "yy"],
     ["\u212aelvin.com"], ["é.com"], ["http://a"], ["a:80"], [None], ["2130706433"]]),
    ("AllowedTcpServerPorts", 36, ["80", ["80"], [80.0], [True], [80, 80], [None]]),
    ("AllowedTcpServerPorts", 38, [[-1], [65536]]),
    ("AllowedUdpServerPorts", 37, [80, ["80"], [False], [53, 53]]),
    ("AllowedUdpServerPorts", 39, [[-1], [65536]]),
    ("AllowedApplicationConnections", 43, [OTHER, [5], ["x"], [OTHER, OTHER.upper()], ["00000000-0000-0000-0000-000000000000"],
     ["2f074b0f-d99d-4692-82d9-ef93a7d6463c"]]),
    ("Gpio", 10, [8, ["8"], ["$LED"], [8.0], [True], [-1], [96], [[8]], {"8": True}, list(range(96)) + [0]]),
    ("Gpio", 35, [[8, 8]]),
    ("Uart", 13, ["ISU0", [0], [None]]), ("Uart", 18, [["ISU5"], ["isu0"], ["IOM4-0"], ["$UART"]]), ("Uart", 35, [["ISU0", "ISU0"]]),
    ("I2cMaster", 13, [["I2C0"], [1]]), ("SpiMaster", 13, [["SPI0"]]), ("Pwm", 13, [["PWM-CONTROLLER-3"], [0]]),
    ("Adc", 13, [["ADC-CONTROLLER-1"]]), ("I2sSubordinate", 13, [["I2S2"]]), ("ExternalInterrupt", 13, [["EINT24"], ["EINT01"]]),
    ("MutableStorage", 31, [8, [], None, "8"]), ("MutableStorage", 32, [{}, {"sizeKB": 8}]),
    ("MutableStorage", 33, [{"SizeKB": "8"}, {"SizeKB": 8.0}, {"SizeKB": True}, {"SizeKB": 0}, {"SizeKB": -1}, {"SizeKB": 8, "More": 1}]),
    ("MutableStorage", 34, [{"SizeKB": 65}, {"SizeKB": 10**20}]),
    ("DeviceAuthentication", 24, [True, None, [TENANT]]), ("DeviceAuthentication", 29, [TENANT + "0"]),
    ("DeviceAuthentication", 28, ["", "x" * 36, TENANT[:-1], "00000000-0000-0000-0000-000000000000"]),
    ("PowerControls", 48, ["ForceReboot", {}, None]), ("PowerControls", 49, [[]]),
    ("PowerControls", 50, [["Sleep"], [1], ["ForceReboot", "ForceReboot"], [None]]),
]  # fmt: skip
FLAG_ERRORS = {
    "WifiConfig": 15, "EnterpriseWifiConfig": 45, "NetworkConfig": 11, "ReadNetworkProxyConfig": 56, "SystemTime": 30,
    "TimeSyncConfig": 40, "DhcpService": 41, "SntpService": 42, "HardwareAddressConfig": 51, "CertStore": 44,
    "SystemEventNotifications": 46, "SoftwareUpdateDeferral": 47, "ResetMemoryWatermarks": 57, "HeapMemStats": 58,
}  # fmt: skip


@pytest.mark.parametrize(("key", "number", "value"), [(key, number, value) for key, number, values in UNLAWFUL for value in values])
def test_a_wrong_value_is_refused_with_its_number(manifest_object, key, number, value):
    assert error(parse, with_capabilities(manifest_object, **{key: value})) == number


@pytest.mark.parametrize("key", FLAGS)
@pytest.mark.parametrize("value", [1, 0, "true", None, [], {}, 1.0, [True]])
def test_a_flag_is_true_or_false_and_nothing_like_it(manifest_object, key, value):
    assert error(parse, with_capabilities(manifest_object, **{key: value})) == FLAG_ERRORS[key]


@pytest.mark.parametrize("key", ["SoftwareRtc", "gpio", "GPIO", "", "Gpio ", "\x1b[2J"])
def test_a_capability_nobody_knows_is_refused(manifest_object, key):
    assert error(parse, with_capabilities(manifest_object, **{key: True})) == 7


def test_control_characters_of_a_key_do_not_reach_the_reason(manifest_object):
    with pytest.raises(Invalid) as caught:
        parse({**manifest_object, "\x1b[2J\n": 1})
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("capabilities", [
    {"Gpio": [26], "Uart": ["ISU0"]}, {"Uart": ["ISU0"], "I2cMaster": ["ISU0"]}, {"SpiMaster": ["ISU3"], "Gpio": [70]},
    {"Pwm": ["PWM-CONTROLLER-2"], "Gpio": [11]}, {"Adc": ["ADC-CONTROLLER-0"], "Gpio": [48]},
    {"I2sSubordinate": ["I2S0"], "Gpio": [56]},
])  # fmt: skip
def test_one_pin_has_one_use_within_a_manifest(manifest_object, capabilities):
    assert error(parse, with_capabilities(manifest_object, **capabilities)) == 35


def test_an_interrupt_claims_its_pin_unless_the_app_has_it_anyway(manifest_object):
    claimed = parse(with_capabilities(manifest_object, ExternalInterrupt=["EINT12"])).pins()
    assert claimed == [(12, "EINT12")]
    both = parse(with_capabilities(manifest_object, ExternalInterrupt=["EINT12"], Gpio=[12])).pins()
    assert both == [(12, "Gpio 12")]


def test_audio_interfaces_have_their_pins(manifest_object):
    claimed = parse(with_capabilities(manifest_object, I2sSubordinate=["I2S1"])).pins()
    assert claimed == [(pin, "I2S1") for pin in range(61, 66)]


def real_time(manifest_object, core=None, **capabilities):
    top = {**with_capabilities(manifest_object, **capabilities), "ApplicationType": "RealTimeCapable"}
    return top if core is None else {**top, "RealTimeCore": core}


@pytest.mark.parametrize("core", (0, 1))
def test_a_real_time_app_may_name_its_core(manifest_object, core):
    assert parse(real_time(manifest_object, core)).real_time_core == core


def test_without_a_name_any_core_will_do(manifest_object):
    assert parse(real_time(manifest_object)).real_time_core is None


@pytest.mark.parametrize("core", (2, -1, True, False, "0", 0.0, [0]))
def test_there_are_two_real_time_cores(manifest_object, core):
    assert error(parse, real_time(manifest_object, core)) == 1


def test_an_app_of_the_main_core_names_no_real_time_core(manifest_object):
    assert error(parse, {**manifest_object, "RealTimeCore": 0}) == 1


@pytest.mark.parametrize("key", LAWFUL)
def test_a_real_time_app_has_what_a_core_can_reach_and_nothing_that_takes_a_system_call(manifest_object, key):
    wanted = real_time(manifest_object, **{key: LAWFUL[key][0]})
    if key in OF_REAL_TIME:
        assert getattr(parse(wanted), ATTRIBUTES[key]) == LAWFUL[key][1]
    else:
        assert error(parse, wanted) == 7


def test_a_real_time_app_may_say_that_it_does_not_ask_for_the_rest(manifest_object):
    parse(real_time(manifest_object, AllowedConnections=[], AllowedTcpServerPorts=[], WifiConfig=False))


def test_pins_next_to_a_block_are_free(manifest_object):
    parse(with_capabilities(manifest_object, Pwm=["PWM-CONTROLLER-2"], Uart=["ISU0"], Gpio=[7, 12, 31]))


@pytest.mark.parametrize("data", [
    b"", b"[]", b"null", b"{", b'{"Name":"a","Name":"b"}', b"\xef\xbb\xbf{}", b"{}" + b" " * manifest.MOST_BYTES, b'"\xff"',
])  # fmt: skip
def test_what_is_no_json_object_is_error_1(data):
    assert error(manifest.parse, data) == 1


def test_the_offset_of_bad_json_is_kept(manifest_object, refused):
    data = json.dumps(manifest_object).encode()[:-1]
    assert refused(manifest.parse, data).offset == len(data)


def test_a_capability_given_twice_is_refused(manifest_object):
    text = json.dumps(manifest_object).replace('"Gpio": [8, 9]', '"Gpio": [8], "Gpio": [9]')
    assert error(manifest.parse, text.encode()) == 1


def app(manifest_object, name, component, **capabilities):
    return parse({**with_capabilities(manifest_object, **capabilities), "Name": name, "ComponentId": component})


ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def code(category, number):
    return f"(error {category << 20 | number})"


@pytest.mark.parametrize("key", ["AllowedTcpServerPorts", "AllowedUdpServerPorts"])
def test_two_apps_do_not_share_a_port(manifest_object, refused, key):
    apps = [app(manifest_object, "one", ONE, **{key: [80, 90]}), app(manifest_object, "two", TWO, **{key: [90]})]
    fault = refused(manifest.check_together, apps)
    assert fault.policy == "LifetimeManagerError 20"
    assert code(3, 20) in fault.reason


def test_tcp_and_udp_ports_are_different_ports(manifest_object):
    manifest.check_together([
        app(manifest_object, "one", ONE, AllowedTcpServerPorts=[80]), app(manifest_object, "two", TWO, AllowedUdpServerPorts=[80]),
    ])  # fmt: skip


@pytest.mark.parametrize(("mine", "theirs"), [
    ({"Gpio": [8]}, {"Gpio": [9, 8]}), ({"Gpio": [27]}, {"Uart": ["ISU0"]}), ({"Pwm": ["PWM-CONTROLLER-0"]}, {"Gpio": [3]}),
    ({"SpiMaster": ["ISU1"]}, {"I2cMaster": ["ISU1"]}), ({"ExternalInterrupt": ["EINT5"]}, {"Gpio": [5]}),
])  # fmt: skip
@pytest.mark.parametrize("name", ["two", "one"])
def test_two_apps_do_not_share_a_pin(manifest_object, refused, mine, theirs, name):
    fault = refused(manifest.check_together, [app(manifest_object, "one", ONE, **mine), app(manifest_object, name, TWO, **theirs)])
    assert fault.policy == "AppManagerError 25"
    assert code(1, 25) in fault.reason


def test_apps_with_pins_of_their_own_go_together(manifest_object):
    manifest.check_together([app(manifest_object, "one", ONE, Gpio=[8]), app(manifest_object, "two", TWO, Gpio=[9], Uart=["ISU0"])])


def test_two_apps_are_not_one_component(manifest_object, refused):
    assert "ComponentId" in refused(manifest.check_together, [app(manifest_object, "one", ONE), app(manifest_object, "two", ONE)]).reason


def test_apps_talk_only_if_each_names_the_other(manifest_object, refused):
    one, two = app(manifest_object, "one", ONE, AllowedApplicationConnections=[TWO]), app(manifest_object, "two", TWO)
    friend = app(manifest_object, "two", TWO, AllowedApplicationConnections=[ONE])
    assert not manifest.may_connect(one, two) and not manifest.may_connect(two, one)
    assert manifest.may_connect(one, friend) and manifest.may_connect(friend, one)
    assert TWO in refused(manifest.check_together, [one, two]).policy
    manifest.check_together([one, friend])
    manifest.check_together([one])


def files(top, *paths):
    return asxipfs.FileSystem(asxipfs.pack([("app_manifest.json", json.dumps(top).encode(), False)] + [(path, b"x", True) for path in paths]))


def test_a_manifest_is_loaded_from_its_package(manifest_object):
    assert manifest.load(files(manifest_object, "bin/app")).name == "AzureSphereBlinkTest"


def test_the_entry_point_must_be_a_file_of_the_package(manifest_object):
    assert error(manifest.load, files(manifest_object, "bin/other")) == 22
    assert error(manifest.load, files(manifest_object, "bin/app/x")) == 23


def test_a_package_without_manifest_is_error_25():
    assert error(manifest.load, asxipfs.FileSystem(asxipfs.pack([("bin/app", b"x", True)]))) == 25


def test_package_and_manifest_must_say_the_same(manifest_object, blink, blink_body, refused, signer):
    found = manifest.load(asxipfs.FileSystem(blink_body))
    manifest.check_package(found, image.parse(blink))
    other = image.build(blink_body, 10, bytes(16), bytes(16), "x", 0, bytes(20), signer, depends=((12, 3),))
    assert refused(manifest.check_package, found, image.parse(other)).rule == "manifest.identity"
    other = image.build(blink_body, 10, found.component, bytes(16), "x", 0, bytes(20), signer, depends=((12, 2), (11, 3)))
    assert refused(manifest.check_package, found, image.parse(other)).rule == "manifest.runtime"


def test_any_byte_of_a_manifest_changed_is_refused_or_read_as_the_library_reads_it(manifest_object):
    text = json.dumps(with_capabilities(manifest_object, **{key: value for key, (value, _) in LAWFUL.items()})).encode()
    for at in range(len(text)):
        for change in (1, 0x20, 0x80):
            changed = bytearray(text)
            changed[at] ^= change
            try:
                found = manifest.parse(bytes(changed))
            except Invalid:
                continue
            top = json.loads(bytes(changed))
            assert found.granted == top["Capabilities"]
            assert (found.name, found.entry_point) == (top["Name"], top["EntryPoint"])
            assert found.component == guid.to_bytes(top["ComponentId"])


SCALARS = st.none() | st.booleans() | st.integers(-5, 100000) | st.text(max_size=5) | st.sampled_from(["ISU0", TENANT, "a.com"])
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3))


@given(st.sampled_from([row[0] for row in TABLE]), ANYTHING)
def test_no_value_of_a_capability_raises_anything_but_invalid(key, value):
    top = {"SchemaVersion": 1, "Name": "x", "ComponentId": ONE, "EntryPoint": "/a", "Capabilities": {key: value}}
    before = copy.deepcopy(top)
    try:
        found = parse(top)
    except Invalid:
        return
    assert found.granted == before["Capabilities"]


@given(st.sampled_from([*manifest.KEYS, "Other"]), ANYTHING)
def test_no_value_of_a_key_raises_anything_but_invalid(key, value):
    top = {"SchemaVersion": 1, "Name": "x", "ComponentId": ONE, "EntryPoint": "/a", "Capabilities": {}, key: value}
    try:
        parse(top)
    except Invalid:
        pass
