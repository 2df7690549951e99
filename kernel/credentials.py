"""Credentials: the certificates the service gave this device, for itself and for its apps' tenants.

Only public certificates are here; every key stays in Pluton. They are kept in memory: after a
restart the device attests again.
"""

from __future__ import annotations


class Credentials:
    """The certificates in force. Chains are leaf first; `not_after_ms` is when the device's own ends."""

    def __init__(self) -> None:
        self.device_chain: list[bytes] = []  # DER
        self.not_after_ms = 0
        self.tenants: frozenset[bytes] = frozenset()  # those that were asked for
        self._tenant_chains: dict[bytes, bytes] = {}  # PEM

    def replace(
        self, device_chain: list[bytes], not_after_ms: int, tenants: frozenset[bytes], tenant_chains: dict[bytes, bytes]
    ) -> None:
        """Put a whole new set in force, in one step."""
        self.device_chain = device_chain
        self.not_after_ms = not_after_ms
        self.tenants = tenants
        self._tenant_chains = tenant_chains

    def is_ready(self, unix_ms: int) -> bool:
        """Whether the device has a certificate that is valid at `unix_ms`."""
        return bool(self.device_chain) and unix_ms <= self.not_after_ms

    def tenant_chain(self, tenant: bytes) -> bytes | None:
        """The PEM chain for a tenant, or None if the service gave none."""
        return self._tenant_chains.get(tenant)
