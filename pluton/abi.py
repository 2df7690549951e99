"""The `mailbox` gate: what Pluton does for the security monitor.

Command numbers follow the published MT3620 handler table (0x02 to 0x56) where the meaning is
known; numbers of our own are 0x30 to 0x3F, 0x42, 0x4F and 0x57 upwards. Points are X||Y, 64 bytes
big-endian; signatures are raw r||s, 64 bytes; digests are SHA-256.
"""

from __future__ import annotations

from ..wire.call import Call

MONITOR = ("monitor",)

# Roles a key in the trusted key store can have: an image needs a signer with the right one.
ROLE_OS, ROLE_APPLICATION, ROLE_DEVELOPMENT, ROLE_CAPABILITY = 1, 2, 4, 8

# Lifecycle states, from the most restrictive: anything that is not lawful reads as TERMINATED.
TERMINATED, BLANK, MODULE_COMPLETE, DEVICE_COMPLETE = 0, 1, 2, 3

CAPABILITY_APP_DEVELOPMENT, CAPABILITY_RF_TEST, CAPABILITY_FIELD_SERVICING = 11, 12, 13

SET_POSTCODE = Call(0x02, "set_postcode", "code:u32", "", MONITOR, "Record a boot progress code.")
GET_BOOT_MODE_FLAGS = Call(0x03, "get_boot_mode_flags", "", "flags:u32", MONITOR, "Bit 0: the backup Pluton runtime runs; bit 1: the backup monitor; bit 2: the backup first loader.")
MEASURE = Call(0x30, "measure", "image_type:u32 digest:b32 version:u32 signer:b32 name:text<=32", "", MONITOR, "Add a stage to the measurement list and derive the next compound device identifier.")
CLOSE_MEASUREMENTS = Call(0x31, "close_measurements", "", "", MONITOR, "Boot is done: the list is frozen until reset.")
GET_MEASUREMENTS = Call(0x32, "get_measurements", "index:u8<=19", "count:u8<=20 image_type:u32 digest:b32 version:u32 signer:b32 name:text<=32", MONITOR, "How many stages were measured, and the one at index.")
READ_COUNTER = Call(0x33, "read_counter", "component:b16", "value:u32", MONITOR, "Lowest security version allowed for a component; 0 if never set.")
ADVANCE_COUNTER = Call(0x34, "advance_counter", "component:b16 value:u32", "", MONITOR, "Move a component's counter forward; never back.")
DERIVE_KEY = Call(0x35, "derive_key", "component:b16 generation:u32", "key:b32", MONITOR, "A storage key of one component, bound to the lifecycle.")
SEAL = Call(0x36, "seal", "measurements:u32 data:bytes<=2048", "blob:bytes<=2200", MONITOR, "Encrypt data so that only this device, with the same measurements in the mask, opens it.")
UNSEAL = Call(0x37, "unseal", "blob:bytes<=2200", "data:bytes<=2048", MONITOR, "Open what seal made.")
READ_RNG = Call(0x40, "read_rng", "length:u16=1..1024", "data:bytes<=1024", MONITOR, "Random bytes from the DRBG.")
GET_SECURITY_STATE = Call(0x41, "get_security_state", "", "state:u32 general_public:b64 attestation_public:b64", MONITOR, "Lifecycle state and the device's two public keys.")
VERIFY_IMAGE = Call(0x42, "verify_image", "role:u8=1..15 digest:b32 signature:b64", "signer:b32 development:u8<=1", MONITOR, "Check an image signature against the trusted keys that have one of the roles.")
IS_CAPABILITY_ENABLED = Call(0x48, "is_capability_enabled", "capability:u16", "enabled:u8<=1", MONITOR, "Whether this device holds the capability.")
GET_ENABLED_CAPABILITIES = Call(0x49, "get_enabled_capabilities", "", "capabilities:bytes<=128", MONITOR, "The capabilities held, u16 little-endian each.")
GENERATE_CLIENT_AUTH_KEY = Call(0x4A, "generate_client_auth_key", "", "public:b64", MONITOR, "Make the next client authentication key; it signs once committed.")
GET_TENANT_PUBLIC_KEY = Call(0x4B, "get_tenant_public_key", "tenant:b16", "public:b64", MONITOR, "Public half of a tenant's key.")
PROCESS_ATTESTATION = Call(0x4C, "process_attestation", "nonce:bytes<=64 tenants:bytes<=128", "evidence:bytes<=3900", MONITOR, "Evidence over the nonce: an EAT (RFC 9711, PSA profile RFC 9783) in COSE_Sign1, naming the next client authentication key and the tenants' keys.")
SIGN_WITH_TENANT_KEY = Call(0x4D, "sign_with_tenant_attestation_key", "tenant:b16 digest:b32", "signature:b64", MONITOR, "Sign a digest as a tenant.")
COMMIT_CLIENT_AUTH_KEY = Call(0x4E, "commit_client_auth_key", "", "", MONITOR, "The generated key becomes the one in use.")
SIGN_WITH_CLIENT_AUTH_KEY = Call(0x4F, "sign_with_client_auth_key", "digest:b32", "signature:b64", MONITOR, "Sign a digest as this device.")
DEVICE_RESET = Call(0x50, "device_reset", "reason:u8", "", MONITOR, "Reset the chip.")
GET_MANUFACTURING_STATE = Call(0x51, "get_manufacturing_state", "", "state:u32", MONITOR, "The lifecycle state.")
SET_MANUFACTURING_STATE = Call(0x52, "set_manufacturing_state", "state:u32=1..3", "", MONITOR, "Move the lifecycle forward; one way.")
DECODE_CAPABILITIES = Call(0x56, "decode_capabilities", "blob:bytes<=3072", "capabilities:bytes<=128", MONITOR, "Verify a capability file for this device and list what it grants.")
INSTALL_CAPABILITIES = Call(0x57, "install_capabilities", "blob:bytes<=3072", "", MONITOR, "Verify a capability file and use it until reset.")
REVOKE_SIGNER = Call(0x58, "revoke_signer", "signer:b32 signature:b64", "", MONITOR, "Believe a key (SHA-256 of it) no more, for ever: the root key signed the order.")
VERIFY_HYBRID_IMAGE = Call(0x59, "verify_hybrid_image", "role:u8=1..15 digest:b32 signature:b64 lms_digest:b32 lms_key:b32 lms_signature:bytes<=3900", "signer:b32 development:u8<=1", MONITOR, "Check both signatures of an image against the trusted keys that have one of the roles.")

CALLS = (
    SET_POSTCODE, GET_BOOT_MODE_FLAGS, MEASURE, CLOSE_MEASUREMENTS, GET_MEASUREMENTS, READ_COUNTER,
    ADVANCE_COUNTER, DERIVE_KEY, SEAL, UNSEAL, READ_RNG, GET_SECURITY_STATE, VERIFY_IMAGE,
    IS_CAPABILITY_ENABLED, GET_ENABLED_CAPABILITIES, GENERATE_CLIENT_AUTH_KEY,
    GET_TENANT_PUBLIC_KEY, PROCESS_ATTESTATION, SIGN_WITH_TENANT_KEY, COMMIT_CLIENT_AUTH_KEY,
    SIGN_WITH_CLIENT_AUTH_KEY, DEVICE_RESET, GET_MANUFACTURING_STATE, SET_MANUFACTURING_STATE,
    DECODE_CAPABILITIES, INSTALL_CAPABILITIES, REVOKE_SIGNER, VERIFY_HYBRID_IMAGE,
)  # fmt: skip
