"""The `bus` gate: how the rings reach the hardware through the bus firewall.

The caller is the bus master: "pluton", "monitor" or "kernel". The firewall table
(`hal.sim.firewall`) says which master may reach which device; these `callers` are its outermost line.
Times are in the unit their name says; flash offsets and lengths are in bytes.
"""

from __future__ import annotations

from ..wire.call import Call

PLUTON, MONITOR, KERNEL = ("pluton",), ("monitor",), ("kernel",)
ROOT = PLUTON + MONITOR
ALL = PLUTON + MONITOR + KERNEL

FLASH_GEOMETRY = Call(1, "flash_geometry", "", "size:u32 sector:u32 page:u32", ROOT, "Size of the flash, of an erase sector and of a program page.")
FLASH_READ = Call(2, "flash_read", "offset:u32 length:u16=1..4000", "data:bytes<=4000", ROOT, "Read flash.")
FLASH_PROGRAM = Call(3, "flash_program", "offset:u32 data:bytes<=4000", "", ROOT, "Program flash: bits only go from one to zero.")
FLASH_ERASE = Call(4, "flash_erase", "offset:u32", "", ROOT, "Erase the sector at offset to ones.")
FUSE_READ = Call(5, "fuse_read", "row:u8<=63", "value:b32", PLUTON, "Read one row of 256 fuses.")
FUSE_BLOW = Call(6, "fuse_blow", "row:u8<=63 bits:b32", "", PLUTON, "Blow the fuses whose bit is set; a blown fuse stays blown.")
FUSE_LOCK = Call(7, "fuse_lock", "row:u8<=63 kind:u8=1..2", "", PLUTON, "Lock a row for reading (1, until reset) or for writing (2, for ever).")
ENTROPY_READ = Call(8, "entropy_read", "length:u16=1..1024", "data:bytes<=1024", PLUTON, "Raw noise, unconditioned.")
CLOCK_READ = Call(9, "clock_read", "", "uptime_us:u64 unix_ms:u64", ALL, "Time since power-on, and time of day.")
UART_WRITE = Call(10, "uart_write", "port:u8<=5 data:bytes<=4000", "", ALL, "Send on a UART; port 0 is the debug UART.")
UART_READ = Call(11, "uart_read", "port:u8<=5 length:u16=1..4000", "data:bytes<=4000", MONITOR + KERNEL, "What has been received, at most length bytes.")
WATCHDOG_START = Call(12, "watchdog_start", "timeout_ms:u32=1..600000", "", MONITOR, "Start the watchdog; it cannot be stopped.")
WATCHDOG_TEND = Call(13, "watchdog_tend", "", "", MONITOR, "Begin the watchdog's time-out anew.")
RESET = Call(14, "reset", "reason:u8", "", ROOT, "Reset the chip.")
GPIO_CONFIGURE = Call(15, "gpio_configure", "pin:u16<=95 mode:u8<=3", "", KERNEL, "Mode: 0 input, 1 push-pull, 2 open drain, 3 open source.")
GPIO_READ = Call(16, "gpio_read", "pin:u16<=95", "level:u8<=1", KERNEL, "Level at the pin.")
GPIO_WRITE = Call(17, "gpio_write", "pin:u16<=95 level:u8<=1", "", KERNEL, "Drive an output pin.")
GPIO_ASSIGN = Call(18, "gpio_assign", "pin:u16<=95 master:u8<=3", "", MONITOR, "Say which bus master owns a pin: 0 nobody, 1 kernel, 2 and 3 real-time cores.")
GPIO_LOCK = Call(19, "gpio_lock", "", "", MONITOR, "Freeze pin ownership until the next reset.")
CORE_LOAD = Call(20, "core_load", "core:u8<=4 offset:u32 data:bytes<=4000", "", ROOT, "Write code into a stopped core's memory.")
CORE_START = Call(21, "core_start", "core:u8<=4 length:u32", "", ROOT, "Start a core on the length bytes loaded. Core 1 is the monitor's, 2 the kernel's; 3 and 4, the real-time cores, are started on a load of one image package.")
TASK_CREATE = Call(24, "task_create", "name:text<=64 memory_kib:u32 cpu_ms:u32", "task:u16", KERNEL, "A new address space for an app.")
TASK_LOAD = Call(25, "task_load", "task:u16 offset:u32 data:bytes<=4000", "", KERNEL, "Write code into an address space that has not started.")
TASK_START = Call(26, "task_start", "task:u16 length:u32", "", KERNEL, "Start it; its channel comes by the side band.")
TASK_STATUS = Call(27, "task_status", "task:u16", "state:u8<=2 exit_code:i32 signal:u8", KERNEL, "State: 0 created, 1 running, 2 ended.")
TASK_END = Call(28, "task_end", "task:u16", "", KERNEL, "End it and free what it held.")
NET_OPEN = Call(32, "net_open", "host:text<=253 port:u16", "stream:u16", KERNEL, "Begin a TCP connection.")
NET_STATUS = Call(33, "net_status", "stream:u16", "state:u8<=3 readable:u8<=1", KERNEL, "State: 0 connecting, 1 open, 2 closed by the peer, 3 failed.")
NET_SEND = Call(34, "net_send", "stream:u16 data:bytes<=4000", "sent:u16", KERNEL, "Send; fewer bytes than given may be taken.")
NET_RECEIVE = Call(35, "net_receive", "stream:u16 length:u16=1..4000", "data:bytes<=4000", KERNEL, "What has arrived, at most length bytes; empty if nothing.")
NET_CLOSE = Call(36, "net_close", "stream:u16", "", KERNEL, "Close the connection.")

# The real-time cores: 3 is IO0, 4 is IO1. They are loaded by core_load or core_fetch and started by core_start.
CORE_STOP = Call(47, "core_stop", "core:u8=3..4", "", MONITOR, "Stop a real-time core: memories zeroed, its blocks reset, its pins inputs, its grants and shares gone.")
CORE_GRANT = Call(48, "core_grant", "core:u8=3..4 blocks:bytes<=64", "", MONITOR, "Say which shared blocks (wire/blocks.py, a byte each) it may reach, instead of those it might. After gpio_lock only what was granted when that was called.")
CORE_SHARE = Call(49, "core_share", "core:u8=3..4 address:u32 length:u32", "", MONITOR, "Open a part of the main core's SYSRAM (from 0x80000000 on) to it: multiples of 32, four parts at most; length 0 closes all.")
CORE_STATUS = Call(50, "core_status", "core:u8=3..4", "state:u8<=2 reason:text<=256 denials:u16 resets:u32", MONITOR, "State: 0 stopped, 1 running, 2 dead, and why; how many accesses the firewall refused (each counted once); how often its watchdog or the program itself has reset it since it was started.")
CORE_REPORT = Call(51, "core_report", "core:u8=3..4 offset:u32", "size:u32 data:bytes<=4000", MONITOR, "The report on its death (text, `size` bytes of UTF-8 in all), from byte `offset` on; empty while it lives.")
CORE_DENIAL = Call(52, "core_denial", "core:u8=3..4 index:u16", "address:u32 is_write:u8<=1 pc:u32 count:u32 register:text<=64 policy:text<=256", MONITOR, "Refused access `index`, in the order of their first time, and how often it was tried.")
MBOX_READ = Call(53, "mbox_read", "core:u8=3..4 offset:u16<=4092", "value:u32", KERNEL, "Read a register of the main core's side of the mailbox to a real-time core.")
MBOX_WRITE = Call(54, "mbox_write", "core:u8=3..4 offset:u16<=4092 value:u32", "", KERNEL, "Write one.")
SYSRAM_READ = Call(55, "sysram_read", "offset:u32 length:u16=1..4000", "data:bytes<=4000", KERNEL, "Read the main core's SYSRAM (64 KiB).")
SYSRAM_WRITE = Call(56, "sysram_write", "offset:u32 data:bytes<=4000", "", KERNEL, "Write it.")

# Buses behind serial units (ISU): the unit is the kernel's while it owns every pin of it. A transfer takes no time here.
I2C_TRANSFER = Call(57, "i2c_transfer", "unit:u8<=5 address:u8<=127 read_length:u16<=4000 data:bytes<=4000", "outcome:u8<=2 count:u16 data:bytes<=4000", KERNEL, "Write data, then read. Outcome: 0 the address was not acknowledged, 1 done, 2 a byte was not; count: bytes acknowledged.")
SPI_SELECT = Call(58, "spi_select", "unit:u8<=5 line:u8<=1 level:u8<=1", "", KERNEL, "Drive a select line.")
SPI_TRANSFER = Call(59, "spi_transfer", "unit:u8<=5 is_lsb_first:u8<=1 read_length:u16<=4000 data:bytes<=4000", "data:bytes<=4000", KERNEL, "Clock data out, then read_length bytes in.")
UART_CONFIGURE = Call(61, "uart_configure", "port:u8=1..5 baud:u32 data_bits:u8=5..8 parity:u8<=2 stop_bits:u8=1..2 flow:u8<=1", "", KERNEL, "Settings of the line: parity 0 none, 1 even, 2 odd; flow control 0 none, 1 RTS/CTS.")
ADC_READ = Call(60, "adc_read", "channel:u8<=7", "value:u16<=4095", KERNEL, "An analog input now, against 2.5 V. Takes every pin of the converter.")
PWM_APPLY = Call(62, "pwm_apply", "controller:u8<=2 channel:u8<=3 period_ns:u32=1..4294967295 duty_ns:u32 is_inverted:u8<=1 is_enabled:u8<=1", "", KERNEL, "Pulses of duty_ns every period_ns on a pin of the controller; not enabled, the level between pulses. Takes every pin of it.")

# Bulk: a master may have a DMA window, memory that it shares with the bus and with nobody else.
WINDOW = 2 * 1024 * 1024  # bytes
FLASH_FETCH = Call(44, "flash_fetch", "offset:u32 length:u32=1..2097152 at:u32", "", ROOT, "Copy flash into the master's DMA window, at byte `at` of it.")
CORE_FETCH = Call(45, "core_fetch", "core:u8<=4 offset:u32 at:u32 length:u32=1..2097152", "", ROOT, "Like core_load, with the bytes taken from the master's DMA window.")
TASK_FETCH = Call(46, "task_fetch", "task:u16 offset:u32 at:u32 length:u32=1..2097152", "", KERNEL, "Like task_load, with the bytes taken from the master's DMA window.")

CALLS = (
    FLASH_GEOMETRY, FLASH_READ, FLASH_PROGRAM, FLASH_ERASE, FUSE_READ, FUSE_BLOW, FUSE_LOCK,
    ENTROPY_READ, CLOCK_READ, UART_WRITE, UART_READ, WATCHDOG_START, WATCHDOG_TEND, RESET,
    GPIO_CONFIGURE, GPIO_READ, GPIO_WRITE, GPIO_ASSIGN, GPIO_LOCK, CORE_LOAD, CORE_START,
    TASK_CREATE, TASK_LOAD, TASK_START, TASK_STATUS, TASK_END,
    NET_OPEN, NET_STATUS, NET_SEND, NET_RECEIVE, NET_CLOSE, FLASH_FETCH, CORE_FETCH, TASK_FETCH,
    CORE_STOP, CORE_GRANT, CORE_SHARE, CORE_STATUS, CORE_REPORT, CORE_DENIAL,
    MBOX_READ, MBOX_WRITE, SYSRAM_READ, SYSRAM_WRITE,
    I2C_TRANSFER, SPI_SELECT, SPI_TRANSFER, ADC_READ, UART_CONFIGURE, PWM_APPLY,
)  # fmt: skip
