"""What an app's manifest can ask for: each capability, the one form of its value, its error number.

`TABLE` is the whole list. A reader takes the key and the value and gives what the manifest keeps;
anything but the exact type is refused (1 is not true, "8" is not a pin).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import guid
from .fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Reader = Callable[[str, Any], Any]

CATEGORY = 2  # AppManifest; the whole error code is category << 20 | number

ERRORS = {
    1: "InvalidJson", 2: "ErrorReadingFile", 3: "MissingEntryPoint", 4: "MissingSchemaVersion",
    5: "CmdArgParseError", 6: "MissingCapabilitiesList", 7: "IllegalCapability", 9: "ConnectionsParseError",
    10: "GpioParseError", 11: "NetworkConfigParseError", 13: "PeripheralParseError", 15: "WifiParseError",
    16: "BadEntryPoint", 17: "IncompatibleSchemaVersion", 18: "UartNotAvailable",
    20: "ErrorParsingPolicyGroups", 21: "ErrorParsingPolicyCapabilities", 22: "EntryPointDoesNotExist",
    23: "EntryPointIsNotAFile", 24: "DeviceAuthTenantIdParseError", 25: "NoAppManifest", 26: "BadAppType",
    27: "NonStringAppType", 28: "InvalidTenantId", 29: "TenantIdTooLong", 30: "SystemTimeParseError",
    31: "NonObjectMutableStorage", 32: "MutableStorageMissingField", 33: "MutableStorageField",
    34: "MutableStorageTooLarge", 35: "PeripheralsRequireSamePin", 36: "TcpPortParseError",
    37: "UdpPortParseError", 38: "IllegalTcpValue", 39: "IllegalUdpValue", 40: "TimeSyncConfigParseError",
    41: "DhcpServiceParseError", 42: "SntpServiceParseError", 43: "AllowedApplicationConnectionsParseError",
    44: "CertStoreParseError", 45: "EnterpriseWifiConfigParseError", 46: "SystemEventNotificationsParseError",
    47: "SoftwareUpdateDeferralParseError", 48: "PowerControlsMalformed", 49: "PowerControlsEmpty",
    50: "PowerControlsInvalidEntry", 51: "HardwareAddressConfigParseError",
    56: "ReadNetworkProxyConfigParseError", 57: "ResetMemoryWatermarksParseError",
    58: "HeapMemStatsParseError", 59: "MallocVersionParseError",
}  # fmt: skip

MOST_STORAGE_KIB = 64
MOST_PIN = 95
MOST_ENTRIES = 96  # in any array

# The pins behind each block of the MT3620: whoever has the block has them all.
BLOCKS = {
    "PWM-CONTROLLER-0": range(0, 4), "PWM-CONTROLLER-1": range(4, 8), "PWM-CONTROLLER-2": range(8, 12),
    "ISU0": range(26, 31), "ISU1": range(31, 36), "ISU2": range(36, 41), "ISU3": range(66, 71),
    "ISU4": range(71, 76), "ADC-CONTROLLER-0": range(41, 49), "I2S0": range(56, 61), "I2S1": range(61, 66),
}  # fmt: skip
SERIAL = ("ISU0", "ISU1", "ISU2", "ISU3", "ISU4")
PWM = ("PWM-CONTROLLER-0", "PWM-CONTROLLER-1", "PWM-CONTROLLER-2")
ADC = ("ADC-CONTROLLER-0",)
I2S = ("I2S0", "I2S1")
INTERRUPTS = tuple(["EINT" + str(number) for number in range(24)])
OF_REAL_TIME = (
    "Gpio", "Uart", "I2cMaster", "SpiMaster", "Pwm", "Adc", "I2sSubordinate", "ExternalInterrupt",
    "AllowedApplicationConnections",
)  # fmt: skip
POWER = ("ForceReboot", "ForcePowerDown", "SetPowerProfile")

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"


def refuse(error: int, key: str, reason: str) -> Invalid:
    """The fault that says `key` is wrong, to be raised; its policy names the AppManifestError."""
    policy = "AppManifestError " + str(error) + " " + ERRORS[error]
    return Invalid(key + " " + reason + " (error " + str(CATEGORY << 20 | error) + ")", "", "manifest." + key, policy)


def between_apps(error: tuple[int, int], reason: str, rule: str) -> Invalid:
    """The fault for apps that do not go together; `error` is (category, number)."""
    category, number = error
    name = {1: "AppManagerError", 3: "LifetimeManagerError"}[category]
    return Invalid(reason + " (error " + str(category << 20 | number) + ")", "", rule, name + " " + str(number))


def identifier(value: Any) -> bytes | None:
    """The 16 bytes of a GUID that is not all zero, or None."""
    try:
        found = guid.to_bytes(value)
    except Invalid:
        return None
    return found if found != bytes(guid.SIZE) else None


def host(value: Any) -> str | None:
    """A host name, an IPv4 address or a local service `_name._tcp.local`, in lower case, or None."""
    if not isinstance(value, str) or not 0 < len(value) <= 253 or max(value) > "~":
        return None  # some letters that are not ASCII become it in lower case
    name = value.lower()
    labels = name.split(".")
    if len(labels) == 4 and all([label and all([c in DIGITS for c in label]) for label in labels]):
        return name if all([str(int(label)) == label and int(label) < 256 for label in labels]) else None
    if name.startswith("_"):
        if len(labels) != 3 or labels[1:] != ["_tcp", "local"]:
            return None
        labels = [labels[0][1:]]
    elif all([c in DIGITS for c in labels[-1]]):
        return None  # an address written in some other way
    return name if all([_is_label(label) for label in labels]) else None


def _is_label(label: str) -> bool:
    if not 0 < len(label) <= 63 or label[0] == "-" or label[-1] == "-":
        return False
    return all([letter in LETTERS or letter in DIGITS or letter == "-" for letter in label])


def _array(key: str, value: Any, error: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_ENTRIES:
        raise refuse(error, key, "is not an array of at most " + str(MOST_ENTRIES))
    return value


def _each(error: int, read: Callable[[Any], Any], what: str) -> Reader:
    """A reader of an array of things that `read` knows, none twice."""

    def reader(key: str, value: Any) -> tuple[Any, ...]:
        found: list[Any] = []
        for entry in _array(key, value, error):
            known = read(entry)
            if known is None or known in found:
                raise refuse(error, key, "has an entry that is not " + what + ", or has it twice")
            found.append(known)
        return tuple(found)

    return reader


def _numbers(error: int, error_of_value: int, most: int, error_of_twin: int) -> Reader:
    """A reader of an array of whole numbers from 0 to `most`, none twice."""

    def reader(key: str, value: Any) -> tuple[int, ...]:
        found: list[int] = []
        for number in _array(key, value, error):
            if type(number) is not int:
                raise refuse(error, key, "has an entry that is not a whole number")
            if not 0 <= number <= most:
                raise refuse(error_of_value, key, "has " + str(number) + ", which is not from 0 to " + str(most))
            if number in found:
                raise refuse(error_of_twin, key, "has " + str(number) + " twice")
            found.append(number)
        return tuple(found)

    return reader


def _names(known: tuple[str, ...], error_of_value: int = 13) -> Reader:
    """A reader of an array of peripherals of this chip, none twice."""

    def reader(key: str, value: Any) -> tuple[str, ...]:
        found: list[str] = []
        for name in _array(key, value, 13):
            if not isinstance(name, str):
                raise refuse(13, key, "has an entry that is not a string")
            if name not in known:
                raise refuse(error_of_value, key, "has an entry that is none of " + ", ".join(known))
            if name in found:
                raise refuse(35, key, "has " + name + " twice")
            found.append(name)
        return tuple(found)

    return reader


def _flag(error: int) -> Reader:
    def reader(key: str, value: Any) -> bool:
        if value is not True and value is not False:
            raise refuse(error, key, "is neither true nor false")
        return bool(value)

    return reader


def _storage(key: str, value: Any) -> int:
    if not isinstance(value, dict):
        raise refuse(31, key, "is not an object")
    if "SizeKB" not in value:
        raise refuse(32, key, "has no SizeKB")
    size = value["SizeKB"]
    if len(value) != 1 or type(size) is not int or size < 1:
        raise refuse(33, key, "has something other than a positive SizeKB")
    if size > MOST_STORAGE_KIB:
        raise refuse(34, key, "has SizeKB " + str(size) + ", more than " + str(MOST_STORAGE_KIB))
    return int(size)


def _tenant(key: str, value: Any) -> bytes:
    if not isinstance(value, str):
        raise refuse(24, key, "is not a string")
    if len(value) > 36:
        raise refuse(29, key, "is longer than a GUID")
    found = identifier(value)
    if found is None:
        raise refuse(28, key, "is not a GUID, or all zero")
    return found


def _power(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise refuse(48, key, "is not an array")
    if not value:
        raise refuse(49, key, "is empty")
    found: list[str] = []
    for name in value:
        if not isinstance(name, str) or name not in POWER or name in found:
            raise refuse(50, key, "has an entry that is none of " + ", ".join(POWER) + ", or twice")
        found.append(name)
    return tuple(found)


# (key in the manifest, attribute of `manifest.Manifest`, reader, what it is when not asked for)
TABLE: tuple[tuple[str, str, Reader, Any], ...] = (
    ("AllowedConnections", "allowed_connections", _each(9, host, "a host name, an IPv4 address or a local service"), ()),
    ("AllowedTcpServerPorts", "allowed_tcp_server_ports", _numbers(36, 38, 0xFFFF, 36), ()),
    ("AllowedUdpServerPorts", "allowed_udp_server_ports", _numbers(37, 39, 0xFFFF, 37), ()),
    ("AllowedApplicationConnections", "allowed_application_connections", _each(43, identifier, "a GUID"), ()),
    ("Gpio", "gpio", _numbers(10, 10, MOST_PIN, 35), ()),
    ("Uart", "uart", _names(SERIAL, 18), ()),
    ("I2cMaster", "i2c_master", _names(SERIAL), ()),
    ("SpiMaster", "spi_master", _names(SERIAL), ()),
    ("Pwm", "pwm", _names(PWM), ()),
    ("Adc", "adc", _names(ADC), ()),
    ("I2sSubordinate", "i2s_subordinate", _names(I2S), ()),
    ("ExternalInterrupt", "external_interrupt", _names(INTERRUPTS), ()),
    ("MutableStorage", "mutable_storage_kib", _storage, 0),
    ("DeviceAuthentication", "device_authentication", _tenant, None),
    ("WifiConfig", "wifi_config", _flag(15), False),
    ("EnterpriseWifiConfig", "enterprise_wifi_config", _flag(45), False),
    ("NetworkConfig", "network_config", _flag(11), False),
    ("ReadNetworkProxyConfig", "read_network_proxy_config", _flag(56), False),
    ("SystemTime", "system_time", _flag(30), False),
    ("TimeSyncConfig", "time_sync_config", _flag(40), False),
    ("DhcpService", "dhcp_service", _flag(41), False),
    ("SntpService", "sntp_service", _flag(42), False),
    ("HardwareAddressConfig", "hardware_address_config", _flag(51), False),
    ("CertStore", "cert_store", _flag(44), False),
    ("SystemEventNotifications", "system_event_notifications", _flag(46), False),
    ("SoftwareUpdateDeferral", "software_update_deferral", _flag(47), False),
    ("PowerControls", "power_controls", _power, ()),
    ("ResetMemoryWatermarks", "reset_memory_watermarks", _flag(57), False),
    ("HeapMemStats", "heap_mem_stats", _flag(58), False),
)
