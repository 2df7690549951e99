"""The `smc` gate: what the security monitor does for the kernel.

Numbers 1 to 50 follow the published monitor dispatch table; numbers from 64 are our own, those
from 96 pass a request on to Pluton. Component and image ids are 16 bytes in the package's own
(mixed-endian) layout. A number that is not here is refused.
"""

from __future__ import annotations

from ..wire.call import Call

KERNEL = ("kernel",)

# States of an image in the store, as in `wire.partition`.
STAGED, INSTALLED, PREVIOUS = 1, 2, 3

GET_VERSION = Call(1, "get_version", "", "version:u32", KERNEL, "Security version of the running monitor.")
RESET = Call(7, "reset", "reason:u8", "", KERNEL, "Reset the device.")
WRITE_LOG = Call(8, "write_log", "data:bytes<=1024", "", KERNEL, "Append a record to the log that survives a reset.")
GET_LOG_SIZE = Call(9, "get_log_size", "", "size:u32", KERNEL, "Bytes in the log.")
GET_LOG_DATA = Call(10, "get_log_data", "offset:u32 length:u16=1..4000", "data:bytes<=4000", KERNEL, "Read the log.")
DERIVE_KEY = Call(11, "derive_key", "component:b16 generation:u32", "key:b32", KERNEL, "Storage key of a component.")
LIST_IMAGES = Call(16, "list_images", "index:u16", "count:u16 component:b16 image:b16 image_type:u16 state:u8 version:u32 length:u32 replica:u8", KERNEL, "How many images the store holds, and the one at index. Replica: 0 primary, 1 backup.")
INVALIDATE_IMAGE = Call(18, "invalidate_image", "component:b16", "", KERNEL, "Remove an application's images, or a capability file.")
OPEN_FOR_STAGING = Call(19, "open_image_for_staging", "length:u32", "handle:u16", KERNEL, "Reserve room for a package of length bytes.")
WRITE_BLOCK = Call(20, "write_block_to_staged_image", "handle:u16 offset:u32 data:bytes<=4000", "", KERNEL, "Write the next block; blocks come in order.")
COMMIT_STAGING = Call(21, "commit_image_staging", "handle:u16", "component:b16 image:b16 version:u32", KERNEL, "The package is whole: verify it from flash and keep it as staged, or discard it.")
ABORT_STAGING = Call(22, "abort_image_staging", "handle:u16", "", KERNEL, "Discard what was written.")
INSTALL_STAGED = Call(23, "install_staged_images", "", "count:u16 restart:u8<=1", KERNEL, "Make every staged image the installed one, in one step. Restart: an OS image or a capability file is among them, or a real-time app for which the cores must be divided anew.")
GET_ROLLBACK_INFO = Call(41, "get_rollback_info", "", "rolled_back:u8<=1 backup_used:u8 reason:text<=256", KERNEL, "Whether this boot fell back to previous images, and why; backups used, by bit: 0 Pluton runtime, 1 monitor, 2 kernel, 3 app runtime, 4 certificate store.")
RECORD_TELEMETRY = Call(42, "record_telemetry_event", "data:bytes<=4000 last:u8<=1", "number:u32", KERNEL, "Hand over the next part of an event that is to be kept over a reset; with last it is kept, and has a number above all before it. An empty part that is not the last discards those before it. When there is no room the oldest events go.")
GET_TELEMETRY = Call(43, "get_telemetry", "after:u32 offset:u32", "number:u32 size:u32 data:bytes<=3900", KERNEL, "The oldest event kept whose number is above `after`: its number (0: there is none), its size, and bytes of it from offset on.")
RESET_TELEMETRY = Call(44, "reset_telemetry", "number:u32", "", KERNEL, "All events up to this number are done with.")
PERIPHERAL_ACQUIRE = Call(46, "peripheral_acquire", "kind:u16 index:u16", "", KERNEL, "Give a peripheral to the kernel. Kind 1 is GPIO.")
PERIPHERAL_RELEASE = Call(47, "peripheral_release", "kind:u16 index:u16", "", KERNEL, "Give it back.")
PERIPHERAL_LOCK = Call(49, "peripheral_lock_config", "", "", KERNEL, "Freeze ownership until the next reset.")
TEND_WATCHDOG = Call(50, "tend_watchdog", "", "", KERNEL, "The kernel is alive.")
OPEN_IMAGE = Call(64, "open_image", "component:b16", "handle:u16 length:u32 version:u32 development:u8<=1", KERNEL, "Verify a component's installed image now and hold the verified bytes for reading.")
READ_IMAGE = Call(65, "read_image", "handle:u16 offset:u32 length:u16=1..4000", "data:bytes<=4000", KERNEL, "Bytes of a held image.")
CLOSE_IMAGE = Call(66, "close_image", "handle:u16", "", KERNEL, "Let it go.")
CONFIRM_BOOT = Call(67, "confirm_boot", "", "", KERNEL, "This set of images works: move the counters, refresh the backups.")
CONFIRM_APPLICATION = Call(68, "confirm_application", "component:b16", "", KERNEL, "This application image works: move its counter, free the previous one.")
REVERT_APPLICATION = Call(69, "revert_application", "component:b16", "restart:u8<=1", KERNEL, "The installed application image fails: go back to the previous one. Restart: that is a real-time app for which the cores must be divided anew.")
STORAGE_READ = Call(72, "storage_read", "component:b16 offset:u32 length:u16=1..4000", "size:u32 data:bytes<=4000", KERNEL, "A component's mutable file (as the kernel stored it): its size and bytes.")
STORAGE_WRITE = Call(73, "storage_write", "component:b16 data:bytes<=4000 last:u8<=1", "", KERNEL, "Write the next part of a new content; with last it replaces the old one in one step; an empty part that is not the last discards those before it.")
STORAGE_DELETE = Call(74, "storage_delete", "component:b16", "", KERNEL, "Delete a component's mutable file.")

# The published table has one call for these cores (40, I/O core control) whose arguments are not public.
REALTIME_START = Call(80, "realtime_start", "component:b16", "core:u8<=1", KERNEL, "Verify an installed real-time app now and start it on a core, with the pins and blocks that its signed manifest claims, all or none. Locked: the cores are frozen, and none has just what it claims; restart the device.")
REALTIME_STOP = Call(81, "realtime_stop", "component:b16", "", KERNEL, "Stop it: its core's memories are zeroed, its blocks and pins reset.")
REALTIME_STATUS = Call(82, "realtime_status", "component:b16", "core:u8 state:u8<=2 reason:text<=256 denials:u16 resets:u32", KERNEL, "State: 0 stopped (core 255; the reason says why it got no core), 1 running, 2 dead, till it is stopped; how many accesses were refused; how often its watchdog or the program itself has reset the core since it was started.")
REALTIME_REPORT = Call(83, "realtime_report", "component:b16 offset:u32", "size:u32 data:bytes<=4000", KERNEL, "The report on its death (text, `size` bytes of UTF-8 in all), from byte `offset` on; to be read before it is stopped.")
REALTIME_DENIAL = Call(84, "realtime_denial", "component:b16 index:u16", "address:u32 is_write:u8<=1 pc:u32 count:u32 register:text<=64 policy:text<=256", KERNEL, "Refused access `index`, in the order of their first time, and how often it was tried.")
REALTIME_SHARE = Call(85, "realtime_share", "component:b16", "address:u32 length:u32", KERNEL, "Open the part of the main core's SYSRAM that is its core's for rings, if its manifest names anybody to talk to.")

READ_RNG = Call(96, "read_rng", "length:u16=1..1024", "data:bytes<=1024", KERNEL, "Random bytes from Pluton.")
GET_SECURITY_STATE = Call(97, "get_security_state", "", "state:u32 general_public:b64 attestation_public:b64", KERNEL, "Lifecycle state and the device's public keys.")
GET_CAPABILITIES = Call(98, "get_enabled_capabilities", "", "capabilities:bytes<=128", KERNEL, "The device capabilities held.")
GENERATE_CLIENT_AUTH_KEY = Call(99, "generate_client_auth_key", "", "public:b64", KERNEL, "Make the next client authentication key.")
COMMIT_CLIENT_AUTH_KEY = Call(100, "commit_client_auth_key", "", "", KERNEL, "Use it from now on.")
ATTEST = Call(101, "process_attestation", "nonce:bytes<=64 tenants:bytes<=128", "evidence:bytes<=3900", KERNEL, "Evidence over the verifier's nonce.")
SIGN_WITH_CLIENT_AUTH_KEY = Call(102, "sign_with_client_auth_key", "digest:b32", "signature:b64", KERNEL, "Sign a digest as this device.")
GET_TENANT_PUBLIC_KEY = Call(103, "get_tenant_public_key", "tenant:b16", "public:b64", KERNEL, "Public half of a tenant's key.")
SIGN_WITH_TENANT_KEY = Call(104, "sign_with_tenant_attestation_key", "tenant:b16 digest:b32", "signature:b64", KERNEL, "Sign a digest as a tenant; the kernel vouches for the caller's tenant.")
INSTALL_CAPABILITIES = Call(105, "install_capabilities", "blob:bytes<=3072", "", KERNEL, "Hand Pluton a capability file.")

CALLS = (
    GET_VERSION, RESET, WRITE_LOG, GET_LOG_SIZE, GET_LOG_DATA, DERIVE_KEY, LIST_IMAGES,
    INVALIDATE_IMAGE, OPEN_FOR_STAGING, WRITE_BLOCK, COMMIT_STAGING, ABORT_STAGING, INSTALL_STAGED,
    GET_ROLLBACK_INFO, RECORD_TELEMETRY, GET_TELEMETRY, RESET_TELEMETRY, PERIPHERAL_ACQUIRE, PERIPHERAL_RELEASE, PERIPHERAL_LOCK, TEND_WATCHDOG,
    OPEN_IMAGE, READ_IMAGE, CLOSE_IMAGE, CONFIRM_BOOT, CONFIRM_APPLICATION, REVERT_APPLICATION,
    STORAGE_READ, STORAGE_WRITE, STORAGE_DELETE, REALTIME_START, REALTIME_STOP, REALTIME_STATUS,
    REALTIME_REPORT, REALTIME_DENIAL, REALTIME_SHARE, READ_RNG, GET_SECURITY_STATE, GET_CAPABILITIES,
    GENERATE_CLIENT_AUTH_KEY, COMMIT_CLIENT_AUTH_KEY, ATTEST, SIGN_WITH_CLIENT_AUTH_KEY,
    GET_TENANT_PUBLIC_KEY, SIGN_WITH_TENANT_KEY, INSTALL_CAPABILITIES,
)  # fmt: skip
