"""True concurrency: how many requests with one key are under way at once, as only the upstream can know it."""

import asyncio
from collections import Counter

from fastproxy.demo.record import Recorded
from fastproxy.demo.wire import Connection

#: Requests count as concurrent when they are found so at so many looks. A client may send its next request as soon as it
#: has read the last event of an answer, while we still write the end of the body or have not yet read that it closed; one
#: look would not tell these from a limit that is broken when the machine is busy.
_LOOKS, _SECONDS_BETWEEN = 4, 0.02


class Concurrency:
    """Counts requests from their arrival until they are answered or their client has gone."""

    def __init__(self) -> None:
        self.peaks: Counter[str] = Counter()
        """The most at once, by key."""
        self.served: Counter[str] = Counter()
        """All that came, by key."""
        self._open: dict[str, dict[Recorded, Connection]] = {}

    def now(self) -> dict[str, int]:
        """Under way at this moment, by key."""
        return {key: len(records) for key, records in list(self._open.items())}

    def enter(self, record: Recorded, connection: Connection) -> None:
        """A request has arrived."""
        self.served[record.key] += 1
        under_way = self._open.setdefault(record.key, {})
        under_way[record] = connection
        if len(under_way) > self.peaks[record.key]:
            self._look_again(record.key, set(under_way), _LOOKS)

    def leave(self, record: Recorded) -> None:
        """It is over."""
        self._open.get(record.key, {}).pop(record, None)

    def _look_again(self, key: str, records: set[Recorded], looks: int) -> None:
        asyncio.get_running_loop().call_later(_SECONDS_BETWEEN, self._confirm, key, records, looks - 1)

    def _confirm(self, key: str, records: set[Recorded], looks: int) -> None:
        under_way = self._open[key]
        still = {record for record in records if record in under_way and not under_way[record].gone.is_set()}
        if len(still) <= self.peaks[key]:
            return
        if looks:
            self._look_again(key, still, looks)
        else:
            self.peaks[key] = len(still)
