"""The `syscall` gate: what the kernel does for an app.

Opening checks the app's signed manifest once and gives a handle; using a handle checks nothing but
the handle. Handles are small integers of one process, never 0. Times are milliseconds unless named.
"""

from __future__ import annotations

from ..wire.call import Call

APP = ("app",)

# Kinds of event that `wait` returns. INPUT: the level of an input pin changed. READABLE: bytes have
# arrived. CONNECTED: told once. CLOSED: the peer is gone and everything was read. STOP: the app is
# asked to end (told once, whatever handles are named; it is killed after the grace period).
TIMEOUT, INPUT, READABLE, CONNECTED, CLOSED, STOP = 0, 1, 2, 3, 4, 5

EXIT = Call(1, "exit", "code:u8", "", APP, "End the app.")
LOG = Call(2, "log", "text:text<=1024", "", APP, "Write a line to the device log.")
WAIT = Call(3, "wait", "timeout_ms:u32 handles:bytes<=64", "event:u8 handle:u16", APP, "Sleep until an event of one of the handles (u16 each; the first that is ready wins) or the time-out. No handle: only time and STOP.")
CLOCK = Call(4, "clock", "", "uptime_us:u64 unix_ms:u64", APP, "Time since power-on and time of day.")
CLOSE = Call(5, "close", "handle:u16", "", APP, "Close a handle.")
CRASHED = Call(6, "crashed", "report:text<=3500", "", APP, "The runtime's last words: the traceback of an uncaught exception.")
RANDOM = Call(7, "random", "length:u16=1..1024", "data:bytes<=1024", APP, "Random bytes.")
GPIO_OPEN_OUTPUT = Call(16, "gpio_open_output", "pin:u16 mode:u8<=2 level:u8<=1", "handle:u16", APP, "Mode: 0 push-pull, 1 open drain, 2 open source. Needs Capabilities.Gpio.")
GPIO_OPEN_INPUT = Call(17, "gpio_open_input", "pin:u16", "handle:u16", APP, "Needs Capabilities.Gpio.")
GPIO_GET = Call(18, "gpio_get", "handle:u16", "level:u8", APP, "Level at the pin.")
GPIO_SET = Call(19, "gpio_set", "handle:u16 level:u8<=1", "", APP, "Drive the pin.")
STORAGE_OPEN = Call(32, "storage_open", "", "handle:u16 size:u32", APP, "The app's mutable file. Needs Capabilities.MutableStorage.")
PACKAGE_OPEN = Call(33, "package_open", "path:text<=255", "handle:u16 size:u32", APP, "A file of the app's own image package, read-only.")
FILE_READ = Call(34, "file_read", "handle:u16 offset:u32 length:u16=1..4000", "data:bytes<=4000", APP, "Read at offset; empty at the end.")
FILE_WRITE = Call(35, "file_write", "handle:u16 offset:u32 data:bytes<=4000", "", APP, "Write at offset, within the quota.")
FILE_TRUNCATE = Call(36, "file_truncate", "handle:u16 size:u32", "", APP, "Cut or grow with zeros.")
STORAGE_DELETE = Call(37, "storage_delete", "", "", APP, "Delete the mutable file.")
NET_CONNECT = Call(48, "net_connect", "host:text<=253 port:u16=1..65535", "handle:u16", APP, "Begin a TCP connection. Needs Capabilities.AllowedConnections.")
NET_SEND = Call(49, "net_send", "handle:u16 data:bytes<=4000", "sent:u16", APP, "Send; fewer bytes than given may be taken.")
NET_RECEIVE = Call(50, "net_receive", "handle:u16 length:u16=1..4000", "open:u8<=1 data:bytes<=4000", APP, "What has arrived; open is 0 once the peer has closed and all was read.")
IS_DEVICE_AUTH_READY = Call(64, "is_device_auth_ready", "", "ready:u8<=1", APP, "Whether the app's certificate is there. Needs Capabilities.DeviceAuthentication.")
DEVICE_AUTH_CERTIFICATE = Call(65, "device_auth_certificate", "offset:u32", "total:u32 data:bytes<=4000", APP, "The app's certificate chain, PEM.")
DEVICE_AUTH_SIGN = Call(66, "device_auth_sign", "digest:b32", "signature:b64", APP, "Sign a digest with the app's tenant key, which stays in Pluton.")
TRUSTED_ROOTS = Call(67, "trusted_roots", "offset:u32", "total:u32 data:bytes<=4000", APP, "The roots that servers are checked against, PEM.")
APP_CONNECT = Call(80, "app_connect", "component:b16", "handle:u16", APP, "Connect to a real-time app; one that does not run yet is waited for. Needs Capabilities.AllowedApplicationConnections in both manifests.")
APP_SEND = Call(81, "app_send", "handle:u16 data:bytes<=1024", "", APP, "Send it a message, whole. READABLE: one has come. CLOSED: the real-time app ended, or broke the protocol.")
APP_RECEIVE = Call(82, "app_receive", "handle:u16", "state:u8<=2 data:bytes<=1024", APP, "State: 0 nothing has come, 1 the next message, 2 none will come.")

CALLS = (
    EXIT, LOG, WAIT, CLOCK, CLOSE, CRASHED, RANDOM, GPIO_OPEN_OUTPUT, GPIO_OPEN_INPUT, GPIO_GET,
    GPIO_SET, STORAGE_OPEN, PACKAGE_OPEN, FILE_READ, FILE_WRITE, FILE_TRUNCATE, STORAGE_DELETE,
    NET_CONNECT, NET_SEND, NET_RECEIVE, IS_DEVICE_AUTH_READY, DEVICE_AUTH_CERTIFICATE,
    DEVICE_AUTH_SIGN, TRUSTED_ROOTS, APP_CONNECT, APP_SEND, APP_RECEIVE,
)  # fmt: skip
