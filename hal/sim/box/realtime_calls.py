"""What ring 0 and the process of the real-time cores say to each other, laid out and checked as calls of a gate are.

Requests go in, one at a time, each with its reply; events come out, and nobody replies. Questions of the cores' engines
to the world come out one at a time, and ring 0 replies at once, or when the part has answered that lives elsewhere.
Neither side believes the other more than a ring is believed.
"""

from __future__ import annotations

from ....wire.call import Call

NONE = 2  # of a level or a resistor: there is none

LOAD_AT = 0x1_0000  # in the memory that both have: first the main core's SYSRAM, then what a core is started on
LOAD_MOST = 2 * 1024 * 1024  # bytes
SHARED = LOAD_AT + LOAD_MOST

START = Call(1, "start", "core:u8=3..4 length:u32<=2097152", "", (), "Start a core on what lies in the shared memory.")
STOP = Call(2, "stop", "core:u8=3..4", "", (), "Stop it.")
GRANT = Call(3, "grant", "core:u8=3..4 blocks:bytes<=64", "", (), "Its blocks.")
SHARE = Call(4, "share", "core:u8=3..4 address:u32 length:u32", "", (), "Open a part of the main core's SYSRAM.")
OWNER = Call(5, "owner", "pin:u8<=95 master:u8<=3", "", (), "Who owns a pin.")
OUTSIDE = Call(6, "outside", "pin:u8<=95 level:u8<=2 pull:u8<=2", "", (), "What the world does to a pin.")
READ = Call(7, "read", "core:u8=3..4 offset:u16<=4092", "value:u32", (), "A register of the main core's mailbox.")
WRITE = Call(8, "write", "core:u8=3..4 offset:u16<=4092 value:u32", "", (), "Write one.")
ARRIVED = Call(9, "arrived", "unit:u8<=5 data:bytes<=4000", "", (), "The world sent this on the line of an ISU's UART.")
REQUESTS = (START, STOP, GRANT, SHARE, OWNER, OUTSIDE, READ, WRITE, ARRIVED)

READY = Call(1, "ready", "", "", (), "The cores are there.")
DRIVE = Call(2, "drive", "pin:u8<=95 mode:u8<=3 level:u8<=1 pull:u8<=2", "", (), "What a core does to a pin.")
INTERRUPT = Call(3, "interrupt", "", "", (), "The main core is interrupted.")
SAID = Call(4, "said", "core:u8=3..4 data:bytes<=4000", "", (), "A core sent this on its debug UART.")
STATE = Call(5, "state", "core:u8=3..4 state:u8<=2 reason:text<=256", "", (), "What a core does now.")
REPORT = Call(6, "report", "core:u8=3..4 offset:u32<=65536 data:bytes<=4000", "", (), "A part of the report on a death; offset 0 begins it.")
DENIED = Call(7, "denied", "core:u8=3..4 index:u8<=63 address:u32 is_write:u8<=1 pc:u32 count:u32 register:text<=64 policy:text<=256", "", (), "A refused access, and how often it was tried.")
SENT = Call(8, "sent", "unit:u8<=5 data:bytes<=4000", "", (), "The UART of an ISU sent this.")
RESETS = Call(9, "resets", "core:u8=3..4 count:u32", "", (), "How often its watchdog or the program itself has reset a core since its start.")
EVENTS = (READY, DRIVE, INTERRUPT, SAID, STATE, REPORT, DENIED, SENT, RESETS)

MOST_SPI = 64  # bytes of a transfer: an engine has 4 of a command, 32 out and 32 in, or 15 in
I2C_START = Call(1, "i2c_start", "unit:u8<=5 address:u8<=127 is_read:u8<=1", "is_acknowledged:u8<=1", (), "A start, or a repeated one, and an address.")
I2C_WRITE = Call(2, "i2c_write", "unit:u8<=5 byte:u8", "is_acknowledged:u8<=1", (), "Send a byte to the part addressed.")
I2C_READ = Call(3, "i2c_read", "unit:u8<=5", "byte:u8", (), "Read a byte from it.")
I2C_STOP = Call(4, "i2c_stop", "unit:u8<=5", "", (), "End the transfer.")
SPI_SELECT = Call(5, "spi_select", "unit:u8<=5 line:u8<=1 is_active:u8<=1", "", (), "A select line changes.")
SPI_TRANSFER = Call(6, "spi_transfer", "unit:u8<=5 data:bytes<=" + str(MOST_SPI), "data:bytes<=" + str(MOST_SPI), (), "Bytes out, and as many in.")
ANALOG = Call(7, "analog", "channel:u8<=7", "microvolts:i32", (), "The voltage at an analog input now.")
QUESTIONS = (I2C_START, I2C_WRITE, I2C_READ, I2C_STOP, SPI_SELECT, SPI_TRANSFER, ANALOG)
