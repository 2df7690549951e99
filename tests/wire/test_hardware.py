"""Hardware definitions: from a name on a board to what stands in a manifest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import hardware
from armillary.wire.fault import Invalid, NotFound

METADATA = {"Type": "Azure Sphere Hardware Definition", "Version": 1}


def leaf(name, kind, value, header=None):
    return {"Name": name, "Type": kind, "AppManifestValue": value, "MainCoreHeaderValue": str(value if header is None else header)}


CHIP = {"Metadata": METADATA, "Peripherals": [
    leaf("MT3620_GPIO8", "Gpio", 8), leaf("MT3620_GPIO9", "Gpio", 9), leaf("MT3620_ISU0_UART", "Uart", "ISU0", 4),
    {"Name": "ADC_CHANNEL0", "Type": "int", "MainCoreHeaderValue": "0"},
]}  # fmt: skip
BOARD = {"Metadata": METADATA, "Description": {"Name": "RDB", "MainCoreHeaderFileTopContent": ["// board"]},
         "Imports": [{"Path": "chip.json"}], "Peripherals": [
    {"Name": "RDB_LED1_RED", "Type": "Gpio", "Mapping": "MT3620_GPIO8", "Comment": "LED 1 */ red"},
    {"Name": "RDB_UART", "Type": "Uart", "Mapping": "MT3620_ISU0_UART"},
]}  # fmt: skip
SAMPLE = {"Metadata": METADATA, "Imports": [{"Path": "../boards/board.json"}], "Peripherals": [
    {"Name": "SAMPLE_LED", "Type": "Gpio", "Mapping": "RDB_LED1_RED"}, {"Name": "SAMPLE_UART", "Type": "Uart", "Mapping": "RDB_UART"},
]}  # fmt: skip
FILES = {"sample/app.json": SAMPLE, "boards/board.json": BOARD, "chip.json": CHIP}


def reader(files):
    def read(path):
        if path not in files:
            raise NotFound(path)
        return files[path] if isinstance(files[path], bytes) else json.dumps(files[path]).encode()

    return read


def load(files, path="sample/app.json"):
    return hardware.load(path, reader(files))


def changed(path, **changes):
    return {**FILES, path: {**FILES[path], **changes}}


def test_a_name_leads_through_imports_to_its_leaf():
    found = load(FILES)
    assert found.leaf("SAMPLE_LED").manifest_value == 8
    assert (found.leaf("SAMPLE_UART").manifest_value, found.leaf("SAMPLE_UART").header_value) == ("ISU0", "4")


def test_names_in_a_manifest_become_values_and_the_original_stays():
    top = {"Name": "$x", "CmdArgs": ["$SAMPLE_LED"], "Capabilities": {"Gpio": ["$SAMPLE_LED", 9], "Uart": ["$SAMPLE_UART"], "SystemTime": True}}
    before = json.dumps(top)
    found = hardware.substitute(top, load(FILES))
    assert found["Capabilities"] == {"Gpio": [8, 9], "Uart": ["ISU0"], "SystemTime": True}
    assert (found["Name"], found["CmdArgs"]) == ("$x", ["$SAMPLE_LED"])
    assert json.dumps(top) == before


def test_the_header_gives_the_definitions_own_names():
    assert hardware.header(load(FILES)).splitlines() == ["#pragma once", "#define SAMPLE_LED (8)", "#define SAMPLE_UART (4)"]
    text = hardware.header(load(FILES, "boards/board.json"))
    assert text.splitlines() == ["#pragma once", "// board", "", "/* LED 1 * / red */", "#define RDB_LED1_RED (8)", "#define RDB_UART (4)"]


@pytest.mark.parametrize(("capabilities", "fault", "words"), [
    ({"Gpio": ["$NOBODY"]}, NotFound, "NOBODY"), ({"Gpio": ["$"]}, NotFound, "no peripheral"),
    ({"Gpio": ["$SAMPLE_UART"]}, Invalid, "chip.json: MT3620_ISU0_UART is Uart"), ({"Uart": ["$SAMPLE_LED"]}, Invalid, "MT3620_GPIO8 is Gpio"),
    ({"Adc": ["$ADC_CHANNEL0"]}, Invalid, "constant"), ({"Mystery": ["$SAMPLE_LED"]}, Invalid, "Capabilities.Mystery"),
])  # fmt: skip
def test_a_name_that_cannot_stand_there_is_refused(capabilities, fault, words):
    with pytest.raises(fault) as caught:
        hardware.substitute({"Capabilities": capabilities}, load(FILES))
    assert words in caught.value.reason


ENTRY = {"Name": "A", "Type": "Gpio", "Mapping": "MT3620_GPIO8"}


@pytest.mark.parametrize(("files", "words"), [
    (changed("chip.json", Metadata={"Type": "x", "Version": 1}), ("chip.json", "Metadata")),
    (changed("chip.json", Metadata={**METADATA, "Version": 2}), ("chip.json", "Metadata")),
    (changed("chip.json", Metadata={**METADATA, "Version": True}), ("chip.json", "Metadata")),
    (changed("chip.json", Extra=1), ("chip.json", "Extra")), (changed("chip.json", Peripherals={}), ("chip.json", "Peripherals")),
    (changed("chip.json", Peripherals=[5]), ("chip.json", "Peripherals[0]")), (changed("chip.json", Description=5), ("chip.json", "Description")),
    (changed("chip.json", Description={"MainCoreHeaderFileTopContent": "x"}), ("chip.json", "Description")),
    (changed("sample/app.json", Imports=["chip.json"]), ("sample/app.json", "Imports[0]")),
    (changed("sample/app.json", Imports=[{"Path": 5}]), ("sample/app.json", "Imports[0]")),
    (changed("boards/board.json", Imports=[{"Path": "../sample/app.json"}]), ("boards/board.json", "Imports[0]", "imports this")),
    (changed("boards/board.json", Imports=[{"Path": "board.json"}]), ("boards/board.json", "imports this")),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "Mapping": "B"}, {**ENTRY, "Name": "B", "Mapping": "A"}, *BOARD["Peripherals"]]), ("goes round", "A -> B -> A")),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "Mapping": "A"}, *BOARD["Peripherals"]]), ("goes round",)),
    (changed("boards/board.json", Peripherals=[ENTRY, ENTRY]), ("board.json: A is defined twice",)),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "Type": "Uart"}, *BOARD["Peripherals"]]), ("A.Mapping", "MT3620_GPIO8 is Gpio")),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "Type": "Lamp"}]), ("A.Type",)),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "AppManifestValue": 5}]), ("A has both",)),
    (changed("boards/board.json", Peripherals=[{"Name": "A", "Type": "Gpio"}]), ("A has both a Mapping and values of its own, or neither",)),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "Name": "a b"}]), ("Peripherals[0].Name",)),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "Name": "1a"}]), ("Peripherals[0].Name",)),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "Name": ""}]), ("Peripherals[0].Name",)),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "Name": 5}]), ("Peripherals[0].Name",)),
    (changed("boards/board.json", Peripherals=[{**ENTRY, "Colour": "red"}]), ("Peripherals[0]", "Colour")),
    ({**FILES, "chip.json": b"{"}, ("chip.json", "malformed")), ({**FILES, "chip.json": b"[]"}, ("chip.json", "not an object")),
])  # fmt: skip
def test_a_wrong_definition_is_refused_naming_file_and_key(files, words):
    with pytest.raises(Invalid) as caught:
        load(files)
    for word in words:
        assert word in caught.value.reason


def test_what_is_named_must_exist():
    with pytest.raises(NotFound, match="RDB_LED1_RED"):
        load(changed("sample/app.json", Imports=[{"Path": "chip.json"}]))
    with pytest.raises(NotFound, match="nowhere.json"):
        load(changed("sample/app.json", Imports=[{"Path": "nowhere.json"}]))
    with pytest.raises(NotFound):
        load(FILES, "nowhere.json")


def test_an_import_is_looked_for_beside_its_file_first():
    other = {"Metadata": METADATA, "Peripherals": [leaf("MT3620_GPIO8", "Gpio", 80), leaf("MT3620_ISU0_UART", "Uart", "ISU4")]}
    assert load({**FILES, "boards/chip.json": other}).leaf("SAMPLE_LED").manifest_value == 80


def test_many_imports_of_one_file_cost_one_reading():
    files = {"end.json": CHIP}
    for number in range(25):
        inner = [{"Path": "end.json" if number == 0 else f"{number - 1}.json"}] * 2
        files[f"{number}.json"] = {"Metadata": METADATA, "Imports": inner}
    assert load(files, "24.json").leaf("MT3620_GPIO9").manifest_value == 9


def test_endless_imports_end():
    class Endless(dict):
        def __contains__(self, path):
            return True

        def __getitem__(self, path):
            return {"Metadata": METADATA, "Imports": [{"Path": f"{int(path.split('.')[0]) + 1}.json"}]}

    with pytest.raises(Invalid, match="too deeply"):
        load(Endless(), "0.json")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.sampled_from(["A", "Gpio", "Name"]),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(hardware.KEYS), inner, max_size=4)))  # fmt: skip
def test_no_definition_raises_anything_but_a_fault(value):
    for files in ({"a": value}, {"a": {"Metadata": METADATA, "Peripherals": value}}, {"a": {"Metadata": METADATA, "Peripherals": [value]}}):
        try:
            load(files, "a")
        except (Invalid, NotFound):
            pass
