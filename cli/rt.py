"""`armillary rt`: programs of the real-time cores, alone on a chip of their own."""

from __future__ import annotations

from pathlib import Path

import click

from .base import Group
from .output import is_json
from .rt_build import build

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
BOARDS = ("mdb", "rdb", "sk2")  # boards.mt3620.facts.KITS, which is read when it is needed
TRACES = {"functions": ("functions",), "peripherals": ("accesses",), "all": ("functions", "accesses")}


@click.group(cls=Group)
def rt() -> None:
    """Build and run programs of the real-time cores, alone."""


rt.add_command(build)


@rt.command()
@click.argument("file", type=FILE)
@click.option("--core", "number", type=click.IntRange(0, 1), default=0, show_default=True, help="Which of the two cores it runs on.")
@click.option("--other", type=FILE, metavar="FILE", help="Run FILE on the other core at the same time.")
@click.option("--until", metavar="TEXT|TIME", help="End when a UART has said TEXT, or after TIME of the board (500ms, 2s).")
@click.option("--limit", default="10s", show_default=True, metavar="TIME", help="End after TIME of the board in any case.")
@click.option("--uart", "uarts", multiple=True, metavar="NAME[=FILE]", help="Show a UART (debug, other, isu0 to isu5), or write it to FILE. Repeatable.")
@click.option("--send", "sent", multiple=True, metavar="NAME[@TIME]=TEXT", help="Send TEXT to a UART, at TIME. Repeatable.")
@click.option("--wire", "wires", multiple=True, metavar="WIRE", help="Wire the board: gpio12@1s=0, adc0=1.2, isu0=loop, isu2:0x6a=lsm6dso. Repeatable.")
@click.option("--null-faults", is_flag=True, help="Let a null pointer be a bus fault, where the chip reads something.")
@click.option("--intercore", metavar="echo|FILE", help="Play apps of the main core: send back what comes, or send FILE's lines TIME[@COMPONENT]=TEXT.")
@click.option("--trace", "traced", type=click.Choice(list(TRACES)), help="Show functions entered, accesses to peripherals, or both.")
@click.option("--trace-file", type=OUT, metavar="OUT", help="Write the trace there instead of to standard error.")
@click.option("--pins", type=OUT, metavar="OUT.vcd", help="Write the levels of the pins as a waveform.")
@click.option("--display", "displays", multiple=True, metavar="PART@ISU:HOW=OUT.png",
              help="Hang a display on an ISU (ssd1306@isu2:0x3c, ssd1331@isu1:dc5, ili9341@isu1:dc5), and write what it shows at the end. Repeatable.")
@click.option("--sound", "sounds", multiple=True, metavar="[i2s1=]OUT.wav", help="Write what an I2S (0 unless said) plays. Repeatable.")
@click.option("--board", type=click.Choice(BOARDS), help="Name pins in waveforms as that board does: their LED, button or place on a header.")
@click.option("--coverage", type=OUT, metavar="OUT.info", help="Write which lines were run, for lcov and genhtml.")
@click.option("--post-mortem", "mortem", type=OUT, metavar="OUT", help="Write the report on a program that died there, too.")
@click.option("--save", type=OUT, metavar="OUT", help="Save the state of the whole chip there at the end.")
@click.option("--restore", type=FILE, metavar="STATE", help="Go on from a state that --save wrote.")
@click.option("--record", type=OUT, metavar="OUT", help="Write down what goes into the chip and what comes out.")
@click.option("--replay", type=FILE, metavar="RECORD", help="Do to the chip what RECORD says, and compare what comes out.")
@click.option("--gdb", type=click.IntRange(0, 65535), metavar="PORT", help="Wait for GDB on 127.0.0.1 at PORT (0: any) before running.")
def run(
    file: Path, number: int, other: Path | None, until: str | None, limit: str, uarts: tuple[str, ...], sent: tuple[str, ...],
    wires: tuple[str, ...], null_faults: bool, intercore: str | None, traced: str | None, trace_file: Path | None, pins: Path | None, displays: tuple[str, ...],
    sounds: tuple[str, ...], board: str | None, coverage: Path | None, mortem: Path | None, save: Path | None, restore: Path | None,
    record: Path | None, replay: Path | None, gdb: int | None,
) -> None:  # fmt: skip
    """Run FILE, an ELF or an image package, and print what it says on its debug UART, and on the first other one that speaks before it.

    Exits with 0 when --until came true or, without one, at the limit; 3 when the program died, with a report
    on standard error; 4 when TEXT was not said by the limit; 5 when a replay came out differently. A file that is no program is refused with 1, and
    nothing of it is run. The signature of a package is not checked.
    """
    from armillary.boards.mt3620 import facts

    from . import rt_intercore, rt_wiring
    from .files import check, check_apart
    from .rt_parts import Parts, parse_display, parse_sound
    from .rt_record import Keeper
    from .rt_run import SHOWN, Run, parse_end, parse_sent, parse_time, parse_uarts, read_program

    end, text = parse_end(limit, until)
    wanted = parse_uarts(uarts)
    sending = [parse_sent(each) for each in sent]
    wiring = rt_wiring.parse(wires, parse_time)
    messages = rt_intercore.parse(intercore, parse_time) if intercore is not None else None
    shown, heard = [parse_display(each) for each in displays], [parse_sound(each) for each in sounds]
    _check_inputs(replay, sent, intercore, save or restore, displays)
    files = [Path(place) for place in wanted.values() if place != SHOWN]
    check_apart([file, other, replay, Path(intercore) if intercore and messages else None],
                [trace_file, pins, coverage, mortem, save, record, *files, *(each.file for each in shown), *(path for _, path in heard)])  # fmt: skip
    program = read_program(file)
    second = read_program(other) if other is not None else None
    running = Run(program, number, wanted, text, end, second, not null_faults, not uarts, (str(file), str(other)))
    parts = Parts(running.chip, shown, heard)
    running.pin_names = facts.KITS[board].names() if board is not None else {}
    keeper = Keeper(running, program + (second or b""))
    rt_wiring.fit(wiring, running.chip)
    if save is not None:
        check(save)
    if restore is not None:
        keeper.restore(restore)
    with running.outputs(trace_file, pins, coverage, mortem), keeper.tape(record, replay), parts.written():
        rt_wiring.arrange(wiring if replay is None else (), running.chip)
        for name, at, data in sending:
            if not 0 < at <= running.chip.scheduler.now:  # that was before the state
                running.send(name, at, data)
        cores = [each.core for each in running.programs] if intercore is not None else []
        partners = [rt_intercore.Partner(core, messages, running.notes.append, len(cores) == 1) for core in cores]
        running.trace(TRACES[traced] if traced else ())
        if gdb is not None:
            running.debug(gdb)
        running.go()
    if save is not None:
        keeper.save(save)
    running.say_divergence()
    running.say_unheard()
    if is_json():
        running.show(rt_intercore.heard(partners))
    click.get_current_context().exit(running.status())


def _check_inputs(replay: Path | None, sent: tuple[str, ...], intercore: str | None, state: Path | None, displays: tuple[str, ...]) -> None:
    """Raise UsageError for inputs that contradict one another."""
    if replay is not None and (sent or intercore is not None):
        raise click.UsageError("--replay brings all inputs itself: leave out --send and --intercore")
    if replay is not None and displays:
        raise click.UsageError("--replay answers for the parts on the buses itself, so a display sees nothing: leave out --display")
    if state is not None and intercore is not None:
        raise click.UsageError("what --intercore plays is no part of a state: leave out --save and --restore")
