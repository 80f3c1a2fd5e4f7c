"""How fast something answers, from what it did: moving averages that forget within minutes."""

from __future__ import annotations

#: Weight of the newest answer.
_SHARE = 0.2
#: A measurement older than this says nothing any more. Seconds.
FRESH = 300.0
#: An answer is judged by the time that so many of its tokens take, the wait for the first included.
_TOKENS = 200


#: Models remembered: clients choose their names behind a pattern.
_MAX_MODELS = 1000


class Speed:
    """Time to the first content and tokens per second."""

    __slots__ = ("at", "rate", "ttft")

    def __init__(self) -> None:
        self.ttft: float | None = None
        self.rate: float | None = None
        self.at = 0.0

    def note(self, ttft: float, tokens: float, seconds: float, now: float) -> None:
        """One answer: its first content came after `ttft` seconds, then so many tokens in so many seconds."""
        self.at = now
        self.ttft = ttft if self.ttft is None else self.ttft + _SHARE * (ttft - self.ttft)
        # One read brings a short answer whole: its rate is that of the network.
        if tokens >= 16 and seconds > 0.05:
            rate = tokens / seconds
            self.rate = rate if self.rate is None else self.rate + _SHARE * (rate - self.rate)

    def seconds(self, now: float) -> float:
        """What an answer takes; nothing for what is not known, so that it is tried."""
        if self.ttft is None or now - self.at > FRESH:
            return 0.0
        return self.ttft + (_TOKENS / self.rate if self.rate else 0.0)


class Speeds:
    """The speed of each model at one upstream."""

    def __init__(self) -> None:
        self._by_model: dict[str, Speed] = {}

    def of(self, model: str) -> Speed:
        """The measurements of one model."""
        found = self._by_model.get(model)
        if found is None:
            if len(self._by_model) >= _MAX_MODELS:
                self._by_model.clear()
            found = self._by_model[model] = Speed()
        return found
