"""The simulated upstream: a small HTTP/1.1 server that answers as its scripts say and keeps a record of every request.

`async with Simulation() as simulation:` runs it; `simulation.base_url("openai_chat")` is what an SDK takes, and
`simulation.requests[0].json()` is the body of the first request that came.
"""

import asyncio
import itertools
import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from fastproxy.demo.accounts import is_hasty
from fastproxy.demo.concurrency import Concurrency
from fastproxy.demo.delivery import Cut, Delivery, Ending
from fastproxy.demo.dialects import DIALECTS
from fastproxy.demo.dialects.dialect import Dialect
from fastproxy.demo.record import Recorded
from fastproxy.demo.respond import Response
from fastproxy.demo.service import Service
from fastproxy.demo.story import Story
from fastproxy.demo.wire import Connection, HttpRequest, Malformed


class Simulation:
    """Starts on a free port of the loopback interface, unless told otherwise. `seed` makes its identifiers repeatable."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: bytes | None = None,
        dialects: Sequence[type[Dialect]] = DIALECTS,
    ) -> None:
        self.requests: list[Recorded] = []
        """Every request that arrived whole, in order of arrival."""
        self.failures: list[Exception] = []
        """Defects of the simulation itself; raised when it stops."""
        self.concurrency = Concurrency()
        """How many requests with one key were under way at once."""
        self.port = port
        self._host = host
        self._service = Service(seed or secrets.token_bytes(16), dialects)
        self._server: asyncio.Server | None = None
        self._serials = itertools.count(1)
        self._open: set[asyncio.Task[None]] = set()
        self._arrival = asyncio.Condition()

    @property
    def origin(self) -> str:
        return f"http://{self._host}:{self.port}"

    def base_url(self, dialect: str) -> str:
        """What the official SDK of that dialect takes as its base URL."""
        return self.origin + next(known.base_path for known in self._service.dialects if known.name == dialect)

    def tell(self, story: Story) -> str:
        """The name of a model that answers with this story, in any dialect. May be called from any thread."""
        return self._service.told.add(story)

    @property
    def open_connections(self) -> int:
        return len(self._open)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close all connections, whatever they are doing."""
        if self._server is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        if self.failures:
            raise ExceptionGroup("the simulation failed", self.failures)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def request(self, index: int) -> Recorded:
        """The request with that index; waits until it has arrived."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.requests) > index)
        return self.requests[index]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, next(self._serials))
        task = asyncio.create_task(self._own(connection), name=f"simulation-connection-{connection.serial}")
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _own(self, connection: Connection) -> None:
        try:
            try:
                await self._talk(connection)
            except Malformed as error:
                await self._complain(connection, error)
        except ConnectionError:
            pass  # the client left; its record says so
        except Exception as error:
            self.failures.append(error)
        finally:
            await connection.finish()

    async def _complain(self, connection: Connection, error: Malformed) -> None:
        text = f"{error}\n".encode()
        head = b"HTTP/1.1 %d Bad Request\r\ncontent-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        if not connection.gone.is_set():
            await connection.write(head % (error.status, len(text)) + text)

    async def _talk(self, connection: Connection) -> None:
        """One request after another, until one side closes."""
        stale = ""
        while await connection.first_byte():
            if stale == "rst":
                await connection.reset()
                return
            request = await connection.read_request(is_hasty)
            if stale:
                return
            delivery = await self._respond(connection, request)
            if request.is_body_unread:
                await connection.half_close()
            if delivery is None or not request.keep_alive or request.is_body_unread:
                return
            stale = delivery.stale

    async def _respond(self, connection: Connection, request: HttpRequest) -> Delivery | None:
        """One request and its answer, given up when the client leaves. None: close the connection."""
        record = Recorded(request, connection)
        async with self._arrival:
            self.requests.append(record)
            self._arrival.notify_all()
        self.concurrency.enter(record, connection)
        response = Response(self._service, connection, record, self.origin)
        answer = asyncio.create_task(response.run(request))
        departure = asyncio.create_task(connection.gone.wait())
        try:
            await asyncio.wait({answer, departure}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                return None
            return await answer
        except Cut as cut:
            await self._cut(connection, cut.ending)
            return None
        finally:
            answer.cancel()
            departure.cancel()
            await asyncio.gather(answer, departure, return_exceptions=True)
            has_left = connection.gone.is_set() and not response.is_whole
            self.concurrency.leave(record)
            record.close(left_at=connection.gone_at if has_left else None)

    async def _cut(self, connection: Connection, ending: Ending) -> None:
        if ending is Ending.STALL:
            await connection.gone.wait()
        elif ending is Ending.RST:
            await connection.reset()
