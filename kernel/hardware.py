"""What the kernel is given: the hardware it may reach and the numbers it is set up with."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..hal.interface import Buses, Clock, Gpio, Intercore, Network, Pwm, Tasks, Uart

# Times in seconds or milliseconds as the name says. A board may replace any of them.
CONFIG: dict[str, Any] = {  # Any: numbers and one name
    "service_host": "service.armillary.test",
    "service_port": 443,
    "update_poll_s": 20 * 3600,  # Azure Sphere devices ask about once a day
    "update_retry_s": 60,
    "attest_after_ms": 50,  # after boot: apps start first
    "attest_retry_s": 10,  # doubles up to attest_retry_most_s
    "attest_retry_most_s": 3600,  # a longer Retry-After is cut to this
    "keep_after_ms": 40,  # after boot: apps start first
    "report_every_s": 30,
    "exchange_timeout_ms": 30_000,  # one request to the service, connection included
    "poll_ms": 10,  # how often pins and streams are looked at while somebody waits for them
    "task_poll_ms": 100,  # how often running apps are asked whether they still run
    "watchdog_ms": 2_000,
    "confirm_ms": 1_000,  # daemons up for so long: this set of OS images works
    "probation_ms": 3_000,
    "backoff_least_ms": 1_000,
    "backoff_most_ms": 300_000,
    "healthy_ms": 600_000,  # after so long without ending, the back-off begins anew
    "stop_grace_ms": 2_000,
    "intercore_stall_ms": 30_000,  # how long a connection of apps may keep others waiting
    "app_memory_kib": 131_072,
    "app_cpu_ms": 0,  # 0: no limit
    "network_streams": 16,  # of the radio, all users together
}


class Hardware:
    """The kernel's part of the machine. `config` replaces entries of CONFIG; an unknown one raises ValueError."""

    def __init__(
        self,
        clock: Clock,
        uart: Uart,
        gpio: Gpio,
        network: Network,
        tasks: Tasks,
        config: dict[str, Any] | None = None,
        intercore: Intercore | None = None,
        buses: Buses | None = None,
        uarts: tuple[Uart, ...] = (),
        pwm: Pwm | None = None,
    ) -> None:
        self.clock = clock
        self.uart = uart
        self.gpio = gpio
        self.network = network
        self.tasks = tasks
        self.intercore = intercore  # None on a board without real-time cores
        self.buses = buses  # None on a board without
        self.uarts = uarts  # of ISU0 on
        self.pwm = pwm  # None on a board without
        self.config = dict(CONFIG)
        for name, value in (config or {}).items():
            if name not in CONFIG:
                raise ValueError("no such kernel setting: " + name)
            self.config[name] = value
