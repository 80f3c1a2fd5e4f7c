"""The looks of `fastproxy doctor`. Each gives findings and changes nothing."""

import errno
import importlib
import os
import socket
import ssl
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from .. import __version__
from ..config import Loaded, Server, Upstream
from .exits import Exit


class Finding(NamedTuple):
    """One look. `exit` is the exit code when it is an error."""

    check: str
    status: Literal["ok", "warning", "error"]
    detail: str
    advice: str = ""
    exit: Exit = Exit.FAILURE


def installation() -> Finding:
    """The compiled part and the server are there and fit."""
    for module in ("fastproxy._core", "granian"):
        try:
            importlib.import_module(module)
        except ImportError as error:
            return Finding("installation", "error", f"{module} cannot be loaded: {error}", "install the wheel again")
    return Finding("installation", "ok", f"fastproxy {__version__}")


def settings(loaded: Loaded) -> Finding:
    """The settings are usable."""
    name = str(loaded.source.path) if loaded.source.path else "the environment"
    if loaded.config is None:
        return Finding("settings", "error", f"{name}: errors: {len(loaded.errors)}", exit=Exit.CONFIG)
    if loaded.warnings:
        return Finding("settings", "warning", f"{name}: warnings: {len(loaded.warnings)}")
    return Finding("settings", "ok", name)


def machine(server: Server) -> list[Finding]:
    """What the listener and the state need from the system."""
    return [data_directory(Path(server.data_dir)), port(server.host, server.port), open_files(server)]


def data_directory(path: Path) -> Finding:
    """Ours alone and writable, or can be made."""
    check = "data directory"
    try:
        status = path.lstat()
    except FileNotFoundError:
        return _creatable(path)
    except OSError as error:
        return Finding(check, "error", f"{path}: {_reason(error)}", exit=Exit.DENIED)
    if stat.S_ISLNK(status.st_mode):
        return Finding(check, "warning", f"{path} is a link to {path.resolve()}", "name the directory itself")
    if not stat.S_ISDIR(status.st_mode):
        return Finding(check, "error", f"{path} is not a directory", "set server.data_dir", Exit.DENIED)
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding(check, "error", f"{path} cannot be written to", f"chown or chmod {path}", Exit.DENIED)
    if os.name == "posix" and status.st_mode & 0o022:
        return Finding(check, "error", f"{path} can be written to by others", f"chmod 700 {path}", Exit.DENIED)
    if os.name == "posix" and status.st_mode & 0o055:
        return Finding(check, "warning", f"{path} can be read by others", f"chmod 700 {path}")
    return Finding(check, "ok", str(path))


def _creatable(path: Path) -> Finding:
    parent = next((above for above in path.absolute().parents if above.exists()), Path("/"))
    if os.access(parent, os.W_OK | os.X_OK):
        return Finding("data directory", "ok", f"{path} will be created")
    return Finding(
        "data directory", "error", f"{path} cannot be created in {parent}", "set server.data_dir", Exit.DENIED
    )


def port(host: str, number: int) -> Finding:
    """Nobody else listens there, and we may."""
    where = f"{host}:{number}"
    try:
        address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(address[0], socket.SOCK_STREAM) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address[4])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return Finding("port", "error", f"{where} is in use", "stop what listens there, or set server.listen")
        code = Exit.DENIED if isinstance(error, PermissionError) else Exit.FAILURE
        return Finding("port", "error", f"{where}: {_reason(error)}", "set server.listen", code)
    return Finding("port", "ok", f"{where} is free")


def open_files(server: Server) -> Finding:
    """Every stream holds two connections."""
    try:
        import resource  # not on Windows
    except ImportError:
        return Finding("open files", "ok", "no limit of this kind on this system")
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * server.backpressure + 256
    if limit == resource.RLIM_INFINITY or limit >= needed:
        return Finding("open files", "ok", f"{limit} at most")
    advice = (
        f"ulimit -n {needed}" if most == resource.RLIM_INFINITY or most >= needed else "raise LimitNOFILE or nofile"
    )
    detail = (
        f"{limit} at most: enough for about {max(0, (limit - 256) // 2)} streams, backpressure is {server.backpressure}"
    )
    return Finding("open files", "warning", detail, advice)


def reach(upstreams: Iterable[Upstream]) -> list[Finding]:
    """A connection, with TLS where there is any, to every upstream or to the proxy before it."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(_reach_one, upstreams))


def _reach_one(upstream: Upstream) -> Finding:
    check = f"upstream {upstream.name}"
    through = f" (its proxy; {upstream.base_url} itself was not tried)" if upstream.proxy else ""
    parts = urlsplit(upstream.proxy.reveal() if upstream.proxy else upstream.base_url)
    host = parts.hostname or ""
    number = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 1080)
    try:
        with socket.create_connection((host, number), timeout=upstream.timeouts.connect) as connection:
            if parts.scheme == "https":
                context = _context(upstream)
                context.wrap_socket(connection, server_hostname=host).close()
    except ssl.SSLError as error:
        return Finding(check, "error", f"{host}:{number}: TLS: {error.reason or error}{through}", exit=Exit.UNREACHABLE)
    except OSError as error:
        return Finding(check, "error", f"{host}:{number}: {_reason(error)}{through}", exit=Exit.UNREACHABLE)
    return Finding(check, "ok", f"{host}:{number} answers{through}")


def _context(upstream: Upstream) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=upstream.ca_file)
    if not upstream.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
