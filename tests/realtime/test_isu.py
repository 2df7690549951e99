"""ISU: a UART by virtual FIFOs and by hand, one unit's engines apart from each other and from other units."""

import pytest

from tests.realtime.rig import SYSRAM

ISU, UART = 0x3807_0000, 0x3807_0500
DMA, TX, RX, IRQ = 0x2108_0000, 0x2108_0000 + 13 * 0x100, 0x2108_0000 + 14 * 0x100, 47


def open_uart(rig, base=UART):
    """115200 baud, 8N1, receive trigger 12; the order of a driver that uses DMA."""
    rig.change(base + 0x0C, 0xBF)
    rig.change(base + 0x08, 1 << 4)
    rig.write(base + 0x24, 3)
    rig.write(base + 0x0C, 0x80)
    for offset, value in ((0x04, 0), (0x00, 1), (0x28, 224), (0x2C, 110), (0x58, 0), (0x54, 223), (0x0C, 3), (0x08, 0x97)):
        rig.write(base + offset, value)


def open_dma(rig):
    rig.write(UART + 0x4C, 1)
    for channel, address, size, threshold, control in ((TX, 0, 256, 0, 1 << 4), (RX, 0x100, 32, 32, 1 << 4 | 1 << 18 | 1 << 15)):
        rig.write(DMA + 0x4024, 1 << (13 if channel == TX else 14))
        rig.write(channel + 0x18, 0)
        for offset, value in ((0x60, UART), (0x2C, SYSRAM + address), (0x44, size), (0x10, threshold), (0x14, control)):
            rig.write(channel + offset, value)
        rig.write(channel + 0x5C, rig.read(channel + 0x58))
    rig.write(UART + 0x64, 1 | 4)
    rig.write(RX + 0x18, 1 << 15)
    rig.change(UART + 0x04, 1)


def send(rig, data):
    """The driver's write: from index 0, handshake off and on again."""
    assert rig.read(TX + 0x3C) & 2
    rig.write(TX + 0x18, 0)
    rig.memory[: len(data)] = data
    rig.write(TX + 0x5C, len(data) if len(data) < 256 else 0x10000)
    rig.change(UART + 0x64, clear=2)
    for value in (0, 1 << 13, 0):
        rig.write(DMA + 0x4058, value)
    rig.write(TX + 0x18, 1 << 15)
    rig.change(UART + 0x64, 2)


def test_dma_sends_a_ring_and_again_from_its_beginning(rig):
    open_uart(rig)
    open_dma(rig)
    for text in (b"hello, world\r\n" * 4, b"x" * 256):
        send(rig, text)
        rig.run(40)
        assert rig.shared.isus[0].console.text().encode().endswith(text)
    assert rig.read(TX + 0x3C) & 2


def test_dma_receives_into_a_ring_and_the_time_out_tells(rig):
    open_uart(rig)
    open_dma(rig)
    rig.shared.isus[0].uart.receive(b"abcde")
    rig.until_irq(IRQ)
    assert rig.read(UART + 0x08) & 0x3F == 0x0C
    assert rig.read(RX + 0x38) == 5 and rig.memory[0x100:0x105] == b"abcde"
    rig.read(UART + 0x4C)
    assert not rig.irqs[IRQ]


def test_without_dma_the_level_interrupts(rig):
    open_uart(rig)
    rig.write(UART + 0x04, 1)
    rig.shared.isus[0].uart.receive(bytes(range(12)))
    rig.until_irq(IRQ)
    assert rig.read(UART + 0x08) & 0x3F == 0x04
    assert [rig.read(UART) for _ in range(12)] == list(range(12)) and not rig.irqs[IRQ]


@pytest.mark.parametrize("number", range(6))
def test_every_unit_has_its_own_lines_and_channels(rig, number):
    base = ISU + 0x1_0000 * number + 0x500
    open_uart(rig, base)
    rig.write(base + 0x04, 2)
    rig.write(base, ord("!"))
    rig.run(1)
    assert rig.shared.isus[number].console.text() == "!"
    assert [line for line, level in rig.irqs.items() if level] == [IRQ + 4 * number]


def test_reset_reaches_the_engines(rig):
    open_uart(rig)
    rig.write(UART + 0x04, 2)
    rig.change(ISU, clear=1)
    assert rig.read(UART + 0x04) == 0 and not rig.irqs[IRQ]


def test_an_unknown_register_is_told_once_with_its_address(rig):
    for _ in range(3):
        rig.write(ISU + 0x408, 7)
    assert rig.read(ISU + 0x408) == 7
    assert rig.log.lines == ["ISU0 SPIS: unknown register 0x38070408 (+0x8) written with 0x7"]


def test_a_register_has_a_name(rig):
    windows = rig.shared.isus[2].windows
    names = [windows.name_of(offset) for offset in (0x14, 0x270, 0x328, 0x508)]
    assert names == ["ISU2 GPIO.DOUT_SET", "ISU2 I2C.CON0", "ISU2 SPIM.SMMR", "ISU2 UART.IIR_FCR"]
