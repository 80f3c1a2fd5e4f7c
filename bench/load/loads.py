"""The loads, what each of them measures, and what fastproxy is to reach: multiples of nginx in the same round."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

#: Measured per event or per request (CPU of the server), or a time that a client sees.
Figure = Literal["cpu_per_event", "cpu_per_request", "request_p50", "ttft_p50"]


class Goal(Struct, frozen=True):
    """Largest multiple of nginx, in the raw lane and transcoded."""

    raw: float
    transcoded: float


class Scale(Struct, frozen=True):
    """How much is measured."""

    rounds: int = 5
    #: Of each measured window.
    seconds: float = 3.0
    warm_up: float = 1.0
    #: Most connections of a load.
    streams: int = 1000
    #: How often a measurement is tried when other work disturbs it.
    tries: int = 4
    #: Warm up, wait for quiet, and look at every lane in everything.
    is_thorough: bool = True


#: Everything works and no answer is wrong; about speed it says little.
SMOKE: Final = Scale(rounds=1, seconds=0.3, warm_up=0.2, streams=50, tries=1, is_thorough=False)
SMOKE_LOADS: Final = ("paced-50", "bulk", "whole", "one-ttft")


class Load(Struct, frozen=True):
    """One kind of load."""

    name: str
    title: str
    figure: Figure
    goal: Goal
    arguments: tuple[str, ...]
    #: Number of connections.
    concurrency: int
    #: Slow servers cannot take it.
    is_heavy: bool = False

    @property
    def is_paced(self) -> bool:
        return "paced" in self.arguments

    def command(self, scale: Scale) -> list[str]:
        """Arguments of `loadkit load`."""
        count = min(self.concurrency, scale.streams)
        pace = ["--warm-up", f"{scale.warm_up:g}"] if self.is_paced else []
        return [*self.arguments, *pace, "--concurrency", str(count), "--seconds", f"{scale.seconds:g}"]


_PACED = ("--mode", "paced", "--interval")

LOADS: Final = (
    Load(
        name="paced-10",
        title="500 streams at 10/s, CPU µs per event",
        figure="cpu_per_event",
        goal=Goal(raw=1.0, transcoded=1.1),
        arguments=(*_PACED, "100000"),
        concurrency=500,
        is_heavy=True,
    ),
    Load(
        name="paced-50",
        title="500 streams at 50/s, CPU µs per event",
        figure="cpu_per_event",
        goal=Goal(raw=1.1, transcoded=1.1),
        arguments=(*_PACED, "20000"),
        concurrency=500,
        is_heavy=True,
    ),
    Load(
        name="bulk",
        title="bulk streams, an HTTP chunk per event, CPU µs per event",
        figure="cpu_per_event",
        goal=Goal(raw=1.2, transcoded=2.0),
        arguments=("--events", "256"),
        concurrency=16,
    ),
    Load(
        name="bulk-one-chunk",
        title="bulk streams, one HTTP chunk, CPU µs per event",
        figure="cpu_per_event",
        goal=Goal(raw=1.2, transcoded=2.0),
        arguments=("--events", "256", "--one-chunk"),
        concurrency=16,
    ),
    Load(
        name="whole",
        title="not streamed, 2 KB, CPU µs per request",
        figure="cpu_per_request",
        goal=Goal(raw=3.3, transcoded=3.8),
        arguments=("--no-stream", "--events", "400"),
        concurrency=32,
    ),
    Load(
        name="one-request",
        title="one client, p50 of a request, µs",
        figure="request_p50",
        goal=Goal(raw=1.4, transcoded=1.4),
        arguments=("--no-stream", "--events", "400"),
        concurrency=1,
    ),
    Load(
        name="one-ttft",
        title="one client, p50 to the first token, µs",
        figure="ttft_p50",
        goal=Goal(raw=1.3, transcoded=1.3),
        arguments=("--events", "16"),
        concurrency=1,
    ),
)

#: Multiple of nginx per open stream, and bytes of a process that does nothing.
STREAM_MEMORY_GOAL: Final = 1.4
IDLE_GOAL: Final = 60_000_000

#: Noise between rounds on a shared machine is this large.
GATE_SLACK: Final = 1.2
#: A third of a second per figure, once, on a machine that may do other work: this finds only what is absurd.
SMOKE_SLACK: Final = 6.0
