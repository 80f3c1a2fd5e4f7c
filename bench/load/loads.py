"""The loads, what each of them measures, and what fastproxy is to reach: multiples of nginx in the same round."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

#: Measured per event or per request (CPU of the server), or a time that a client sees.
Figure = Literal["cpu_per_event", "cpu_per_request", "request_p50", "ttft_p50"]


class Goal(Struct, frozen=True):
    """Largest multiple of nginx, in the raw lane and transcoded."""

    raw: float
    transcoded: float


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

    def command(self, seconds: float, concurrency: int | None = None) -> list[str]:
        """Arguments of `loadkit load`."""
        count = concurrency or self.concurrency
        return [*self.arguments, "--concurrency", str(count), "--seconds", f"{seconds:g}"]


_PACED = ("--mode", "paced", "--warm-up", "1", "--interval")

LOADS = (
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
STREAM_MEMORY_GOAL = 1.4
IDLE_GOAL = 60_000_000

#: Noise between rounds on a shared machine is this large.
GATE_SLACK = 1.2
#: A second or two per figure shows that everything works, and little about speed.
SMOKE_SLACK = 4.0
