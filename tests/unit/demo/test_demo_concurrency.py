"""The simulation knows how many requests of one key are under way at once."""

import asyncio

from fastproxy.demo import Simulation


async def post(simulation: Simulation, key: str, model: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", simulation.port)
    body = b'{"model":"%s","messages":[{"role":"user","content":"hello"}]}' % model.encode()
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (key.encode(), len(body), body)
    )
    answer = await reader.read()
    writer.close()
    return answer


async def test_peaks_are_told_by_key() -> None:
    async with Simulation() as simulation:
        asked = [post(simulation, "sk-test-a", "delay-400+echo") for _ in range(3)]
        asked += [post(simulation, "sk-test-b", "delay-400+echo")]
        await asyncio.gather(*asked)
        assert simulation.concurrency.peaks == {"sk-test-a": 3, "sk-test-b": 1}
        assert simulation.concurrency.served == {"sk-test-a": 3, "sk-test-b": 1}
        assert set(simulation.concurrency.now().values()) == {0}


async def test_requests_after_one_another_are_not_at_once() -> None:
    async with Simulation() as simulation:
        for _ in range(20):
            await post(simulation, "sk-test-a", "echo")
        assert simulation.concurrency.served["sk-test-a"] == 20
        assert simulation.concurrency.peaks["sk-test-a"] <= 1
