"""The `syscall` gate: what the kernel does for an app.

Opening checks the app's signed manifest once and gives a handle; using a handle checks nothing but
the handle. Handles are small integers of one process, never 0. Times are milliseconds unless named.
"""

from __future__ import annotations

from ..wire.call import Call

APP = ("app",)

# Kinds of event that `wait` returns. INPUT: the level of an input pin changed. READABLE: bytes have
# arrived, or a transfer is over. CONNECTED: told once. CLOSED: the peer is gone and everything was read. STOP: the app is
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
I2C_OPEN = Call(96, "i2c_open", "unit:u8<=5", "handle:u16", APP, "The I2C master of an ISU. Needs Capabilities.I2cMaster.")
I2C_CONFIGURE = Call(97, "i2c_configure", "handle:u16 hz:u32 timeout_ms:u32", "", APP, "Its clock (100000, 400000, 1000000 or 3400000 Hz) and time-out; 0 leaves one as it is.")
I2C_BEGIN = Call(98, "i2c_begin", "handle:u16 address:u8<=127 read_length:u16<=4000 data:bytes<=4000", "", APP, "Begin to write data, then to read. READABLE: it is over.")
I2C_RESULT = Call(99, "i2c_result", "handle:u16", "outcome:u8<=3 count:u16 data:bytes<=4000", APP, "Outcome: 0 the address was not acknowledged, 1 done, 2 a byte was not, 3 timed out; count: bytes acknowledged.")
SPI_OPEN = Call(100, "spi_open", "unit:u8<=5 line:u8<=1 polarity:u8=1..2", "handle:u16", APP, "The SPI master of an ISU, with select line 0 or 1, active low (1) or high (2). Needs Capabilities.SpiMaster.")
SPI_CONFIGURE = Call(101, "spi_configure", "handle:u16 hz:u32 mode:u8<=4 order:u8<=2", "", APP, "Its clock (20 kHz to 40 MHz), mode + 1, bit order (1 least significant bit first, 2 most); 0 leaves one as it is.")
SPI_BEGIN = Call(102, "spi_begin", "handle:u16 is_last:u8<=1 read_length:u16<=4000 data:bytes<=4000", "", APP, "Begin to clock data out, then read_length bytes in. The part stays selected until the last. READABLE: it is over.")
SPI_RESULT = Call(103, "spi_result", "handle:u16", "data:bytes<=4000", APP, "What was read.")
UART_OPEN = Call(104, "uart_open", "unit:u8<=5 baud:u32 data_bits:u8=5..8 parity:u8<=2 stop_bits:u8=1..2 flow:u8<=2", "handle:u16", APP, "The UART of an ISU. Parity: 0 none, 1 even, 2 odd; flow control: 0 none, 1 RTS/CTS. Needs Capabilities.Uart.")
UART_WRITE = Call(105, "uart_write", "handle:u16 data:bytes<=4000", "sent:u16", APP, "Send; fewer bytes than given may be taken. READABLE: bytes have arrived.")
UART_READ = Call(106, "uart_read", "handle:u16 length:u16=1..4000", "data:bytes<=4000", APP, "What has arrived; empty if nothing.")
ADC_OPEN = Call(107, "adc_open", "controller:u8", "handle:u16", APP, "The converter with its eight channels. Needs Capabilities.Adc.")
ADC_REFERENCE = Call(108, "adc_reference", "handle:u16 channel:u8<=7 millivolts:u16", "", APP, "The voltage that reads as full scale, at most 2500.")
ADC_POLL = Call(109, "adc_poll", "handle:u16 channel:u8<=7", "value:u32", APP, "The 12-bit value of a channel now.")
PWM_OPEN = Call(110, "pwm_open", "controller:u8", "handle:u16", APP, "A PWM controller with its four channels. Needs Capabilities.Pwm.")
PWM_APPLY = Call(111, "pwm_apply", "handle:u16 channel:u8<=3 period_ns:u32=1..4294967295 duty_ns:u32 is_inverted:u8<=1 is_enabled:u8<=1", "", APP, "Pulses of duty_ns every period_ns; not enabled, the level between pulses.")

CALLS = (
    EXIT, LOG, WAIT, CLOCK, CLOSE, CRASHED, RANDOM, GPIO_OPEN_OUTPUT, GPIO_OPEN_INPUT, GPIO_GET,
    GPIO_SET, STORAGE_OPEN, PACKAGE_OPEN, FILE_READ, FILE_WRITE, FILE_TRUNCATE, STORAGE_DELETE,
    NET_CONNECT, NET_SEND, NET_RECEIVE, IS_DEVICE_AUTH_READY, DEVICE_AUTH_CERTIFICATE,
    DEVICE_AUTH_SIGN, TRUSTED_ROOTS, APP_CONNECT, APP_SEND, APP_RECEIVE,
    I2C_OPEN, I2C_CONFIGURE, I2C_BEGIN, I2C_RESULT, SPI_OPEN, SPI_CONFIGURE, SPI_BEGIN, SPI_RESULT,
    UART_OPEN, UART_WRITE, UART_READ, ADC_OPEN, ADC_REFERENCE, ADC_POLL,
    PWM_OPEN, PWM_APPLY,
)  # fmt: skip
