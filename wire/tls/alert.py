"""Alerts: the numbers with which one end of TLS tells the other what was wrong.

RFC 8446 section 6. A fault of ours names its alert in its rule (`tls.decode_error`), so the fault
that is raised and the alert that is sent cannot disagree.
"""

from __future__ import annotations

from ..fault import Expired, Failed, Fault, Untrusted

CLOSE_NOTIFY, USER_CANCELED = 0, 90
WARNING, FATAL = 1, 2
NAMES = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
    40: "handshake_failure", 42: "bad_certificate", 43: "unsupported_certificate",
    44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
    51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 109: "missing_extension",
    110: "unsupported_extension", 112: "unrecognized_name", 113: "bad_certificate_status_response",
    115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}  # fmt: skip
NUMBERS = {name: number for number, name in NAMES.items()}
ABOUT_OUR_CERTIFICATE = (42, 43, 44, 45, 46, 48, 49, 116)
# What is said to a server whose certificate was refused, by the rule that refused it.
CERTIFICATE_ALERTS = {"x509.root": 48, "x509.validity": 45, "x509.purpose": 43, "x509.usage": 43}


def refuse(name: str, reason: str, section: str) -> Failed:
    """The fault for a peer that breaks the protocol; `name` is the alert it gets."""
    return Failed(reason, "", "tls." + name, "RFC 8446 section " + section)


def number_of(fault: Fault) -> int:
    """The alert to send for `fault`."""
    if isinstance(fault, (Untrusted, Expired)) and fault.rule.startswith("x509."):
        return CERTIFICATE_ALERTS.get(fault.rule, NUMBERS["bad_certificate"])
    return NUMBERS.get(fault.rule[4:] if fault.rule.startswith("tls.") else "", NUMBERS["internal_error"])


def received(number: int) -> Fault:
    """The fault for an alert that the server sent."""
    reason = "the server ended the connection: " + NAMES.get(number, "alert " + str(number))
    if number in ABOUT_OUR_CERTIFICATE:
        return Untrusted(reason, "", "tls.received", "the server's policy", "renew this device's certificate")
    return Failed(reason, "", "tls.received", "RFC 8446 section 6.2")
