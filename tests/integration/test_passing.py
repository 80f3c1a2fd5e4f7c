"""Bodies that are passed on: both ways, whole or visibly cut, with the account's key and nothing of the client's."""

import http.client
import socket
import threading
import time
from pathlib import Path

import pytest

from ..sdk.servers import running_proxy
from .client import Reply, ask
from .conftest import Start, config_text
from .scripted import Asked, End, ScriptedUpstream, Step, always, answer, chunk, stream_head

SECTIONS = '[passthrough]\nupstream = "chat"\nbody_bytes = "8MiB"'
CLIENT = {"authorization": "Bearer sk-test-client-one-0123456789", "cookie": "c=1", "x-client-secret": "s"}
FORM = {"content-type": "multipart/form-data; boundary=xyz"}


def form(model: str, file: bytes) -> bytes:
    parts = [
        b'name="model"\r\n\r\n' + model.encode(),
        b'name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\n' + file,
    ]
    return b"".join(b"--xyz\r\ncontent-disposition: form-data; " + part + b"\r\n" for part in parts) + b"--xyz--\r\n"


def send(port: int, path: str, body: object = b"", *, method: str = "POST", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(port, "openai_chat", body, path=path, method=method, headers={**CLIENT, **named})


def test_an_image_is_asked_for_by_its_model(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(answer(b"\x89PNG", "x-secret: 1", "set-cookie: a=b", "etag: e", media_type="image/png"))
    body = {"model": "chat/painter", "prompt": "a cat", "nested": {"model": "chat/painter"}}
    reply = send(start_wired().port, "/v1/images/generations", body)
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"\x89PNG", "image/png")
    assert (reply.headers["etag"], reply.headers["content-length"]) == ("e", "4")
    assert not {"x-secret", "set-cookie"} & set(reply.headers)
    asked = wire.requests[0]
    assert (asked.target, asked.json()) == ("/v1/images/generations", {**body, "model": "painter"})
    assert asked.header("authorization") == "Bearer sk-test-upstream"
    assert asked.header("cookie") is None
    assert asked.header("x-client-secret") is None


@pytest.mark.parametrize("path", ["/audio/transcriptions", "/openai/v1/audio/translations", "/v1/images/edits"])
def test_a_form_is_sent_to_its_model(start_wired: Start, wire: ScriptedUpstream, path: str) -> None:
    wire.script = always(answer({"text": "hello"}))
    file = bytes(range(256)) * 8000
    reply = send(start_wired(sections=SECTIONS).port, path, form("chat/whisper", file), **FORM)
    assert reply.json() == {"text": "hello"}
    asked = wire.requests[0]
    assert asked.body == form("whisper", file)
    assert asked.header("content-type") == FORM["content-type"]


def test_what_names_no_model_goes_where_the_configuration_says(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = lambda asked: [answer({"id": "file-1", "path": asked.target, "method": asked.method})]
    port = start_wired(sections=SECTIONS).port
    assert send(port, "/v1/files", form("", b"x").replace(b"model", b"purpose"), **FORM).json()["id"] == "file-1"
    for method, path in (("GET", "/files?limit=3&key=x"), ("DELETE", "/files/file-1"), ("POST", "/batches/b_1/cancel")):
        reply = send(port, f"/v1{path}", method=method).json()
        assert (reply["method"], reply["path"]) == (method, f"/v1{path}".replace("&key=x", ""))


def test_without_a_configured_place_nothing_is_passed_on(start_wired: Start, wire: ScriptedUpstream) -> None:
    reply = send(start_wired().port, "/v1/files", method="GET")
    assert (reply.status, reply.json()["error"]["code"]) == (400, "no_passthrough")
    assert wire.requests == []


def test_a_key_for_some_models_gets_nothing_else(start_wired: Start, wire: ScriptedUpstream) -> None:
    key = '\n[[keys]]\nname = "one"\nkey = "sk-test-client-one-0123456789"\nmodels = ["chat/painter"]\n'
    wire.script = always(answer(b"x"))
    port = start_wired(sections=SECTIONS + key).port
    assert send(port, "/v1/files", method="GET").status == 403
    assert send(port, "/v1/moderations", {"model": "chat/other"}).status == 403
    assert send(port, "/v1/images/generations", {"model": "chat/painter"}).status == 200
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/moderations", b"{", 400),
        ("/v1/moderations", {"model": 5}, 400),
        ("/v1/moderations", {"model": "nowhere"}, 404),
        ("/v1/moderations", {"model": "messages/m"}, 400),
        ("/v1/images/a%2Fb", {"model": "chat/m"}, 404),
        ("/v1/images/../chat/completions", {"model": "chat/m"}, 404),
    ],
)
def test_a_bad_request_is_refused_here(
    start_wired: Start, wire: ScriptedUpstream, path: str, body: object, status: int
) -> None:
    reply = send(start_wired().port, path, body)
    assert (reply.status, "error" in reply.json()) == (status, True)
    assert wire.requests == []


def test_an_upstreams_error_is_told_in_openais_form(start_wired: Start, wire: ScriptedUpstream) -> None:
    port = start_wired().port
    wire.script = always(answer({"error": {"message": "no sk-test-upstream", "code": "x"}}, status=400))
    refused = send(port, "/v1/moderations", {"model": "chat/m"})
    assert (refused.status, refused.json()["error"]["code"]) == (400, "x")
    assert "sk-test-upstream" not in refused.text()
    wire.script = always(answer({"error": {"message": "bad key"}}, status=401))
    assert send(port, "/v1/moderations", {"model": "chat/m"}).status == 502
    wire.script = always(End.FIN)
    assert send(port, "/v1/moderations", {"model": "chat/m"}).status == 502


def test_another_account_serves_what_one_refuses(start_wired: Start, wire: ScriptedUpstream) -> None:
    accounts = '[{ name = "a", key = "sk-test-a-key" }, { name = "b", key = "sk-test-b-key" }]'

    def script(asked: Asked) -> list[Step]:
        return [answer({"error": {"message": "slow"}}, status=429) if len(wire.requests) == 1 else answer({"ok": 1})]

    wire.script = script
    assert send(start_wired(accounts=accounts).port, "/v1/moderations", {"model": "chat/m"}).json() == {"ok": 1}
    assert len({asked.header("authorization") for asked in wire.requests}) == 2


def test_files_stay_with_one_account(start_wired: Start, wire: ScriptedUpstream) -> None:
    accounts = '[{ name = "a", key = "sk-test-a-key" }, { name = "b", key = "sk-test-b-key" }]'
    wire.script = always(answer({"ok": 1}))
    port = start_wired(sections=SECTIONS, accounts=accounts).port
    for _ in range(4):
        assert send(port, "/v1/files", method="GET").status == 200
    assert {asked.header("authorization") for asked in wire.requests} == {"Bearer sk-test-a-key"}


def test_a_cut_answer_ends_abnormally(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(stream_head(), chunk(b"half"), End.FIN)
    reply = send(start_wired().port, "/v1/audio/speech", {"model": "chat/m"})
    assert (reply.body, reply.is_cut) == (b"half", True)


def test_an_answer_without_a_body_keeps_its_status(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(b"HTTP/1.1 204 No Content\r\n\r\n")
    reply = send(start_wired(sections=SECTIONS).port, "/v1/files/file-1", method="DELETE")
    assert (reply.status, reply.body) == (204, b"")


def test_a_body_that_is_too_large_is_refused(start_wired: Start, wire: ScriptedUpstream) -> None:
    port = start_wired(sections=SECTIONS).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("POST", "/v1/files")
    connection.putheader("content-type", "application/octet-stream")
    connection.putheader("content-length", str(9 * 2**20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert wire.requests == []


def resident(port: int) -> int:
    """Kilobytes of the process that listens there."""
    inode = next(
        line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    )  # fmt: skip
    sizes = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(link.readlink() == Path(f"socket:[{inode}]") for link in (process / "fd").iterdir()):
                status = (process / "status").read_text()
                sizes.append(int(status.partition("VmHWM:")[2].split()[0]))
        except OSError:
            continue
    return max(sizes)


def test_a_body_that_grows_too_large_is_refused(start_wired: Start, wire: ScriptedUpstream) -> None:
    port = start_wired(sections=SECTIONS).port
    wire.script = always(End.HOLD)
    head = b"POST /v1/files HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(head)
        for _ in range(8):
            peer.sendall(framed(b"x" * 2**20, is_chunked=True))
        peer.sendall(framed(b"one too many", is_chunked=True))
        assert peer.recv(64).startswith(b"HTTP/1.1 413")


def test_a_body_that_stops_is_given_up(start_wired: Start, wire: ScriptedUpstream) -> None:
    port = start_wired(sections=SECTIONS + "\n[limits]\nbody_idle_timeout = 0.3").port
    head = b"POST /v1/files HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(head + b"x" * 400_000)
        assert peer.recv(64).startswith(b"HTTP/1.1 408")
    assert all(len(asked.body) < 1_000_000 for asked in wire.requests)


class Unwilling:
    """An upstream that reads nothing of a body until it is told to, then all of it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.may_read = threading.Event()
        self.received = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        peer, _ = self.listener.accept()
        with peer:
            self.may_read.wait(30)
            last = b""
            while not last.endswith(b"the very end") and not last.endswith(b"the very end\r\n0\r\n\r\n"):
                piece = peer.recv(2**20)
                self.received += len(piece)
                last = (last + piece)[-64:]
            peer.sendall(answer({"id": "file-1"}))


def framed(piece: bytes, is_chunked: bool) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece) if is_chunked else piece


def send_until_stopped(peer: socket.socket, piece: bytes, most: int) -> tuple[int, bytes]:
    """Send it again and again, until nobody takes more for a second: how much went out, and what is left of one."""
    peer.settimeout(1)
    sent, left = 0, b""
    while sent < most:
        left = left or piece
        try:
            taken = peer.send(left)
        except TimeoutError:
            break
        left, sent = left[taken:], sent + taken
    return sent, left


@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_upload_is_never_held_whole(tmp_path: Path, is_chunked: bool) -> None:
    size, piece, end = 128 * 2**20, b"x" * 2**20, b"the very end"
    framing = "transfer-encoding: chunked" if is_chunked else f"content-length: {size + len(end)}"
    head = f"POST /v1/files HTTP/1.1\r\nhost: a\r\ncontent-type: application/octet-stream\r\n{framing}\r\n\r\n"
    upstream = Unwilling()
    config = config_text(upstream, sections=SECTIONS.replace("8MiB", "1GiB"))
    with running_proxy(config, tmp_path) as proxy, socket.create_connection(("127.0.0.1", proxy.port)) as peer:
        before = resident(proxy.port)
        peer.sendall(head.encode())
        sent, left = send_until_stopped(peer, framed(piece, is_chunked), size)
        assert sent < size / 2, "the client was not stopped"
        upstream.may_read.set()
        peer.settimeout(30)
        peer.sendall(left)
        for _ in range(sent // 2**20 + 1, 128):
            peer.sendall(framed(piece, is_chunked))
        peer.sendall(framed(end, is_chunked) + (b"0\r\n\r\n" if is_chunked else b""))
        assert peer.recv(64).startswith(b"HTTP/1.1 200")
        assert upstream.received > size
        assert resident(proxy.port) - before < 40_000
    upstream.listener.close()


def test_a_client_that_leaves_ends_its_upload(start_wired: Start, wire: ScriptedUpstream) -> None:
    port = start_wired(sections=SECTIONS).port
    wire.script = always(End.HOLD)
    deadline = time.monotonic() + 10
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(b"POST /v1/files HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc")
        while not wire.requests:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    while wire.requests[0].left_at is None:
        assert time.monotonic() < deadline, "the upstream call went on"
        time.sleep(0.005)


def test_nothing_of_a_body_is_logged(start_wired: Start, wire: ScriptedUpstream, tmp_path: Path) -> None:
    wire.script = always(answer({"secret": "answered-words"}))
    port = start_wired().port
    send(port, "/v1/moderations", {"model": "chat/m", "input": "asked-words"})
    deadline = time.monotonic() + 5
    while "/v1/moderations" not in (log := (tmp_path / "fastproxy.log").read_text()):
        assert time.monotonic() < deadline, "the request is not in the log"
        time.sleep(0.01)
    assert "words" not in log
