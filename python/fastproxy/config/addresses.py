"""Listen addresses and URLs: what is well formed, what is loopback, what would be ourselves."""

from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

_PORTS: Final = {"http": 80, "https": 443}
# Paths that belong to a request, not to a base URL; the SDK adds them.
_ENDPOINTS: Final = ("/chat/completions", "/v1/messages", "/messages", "/responses", "/completions", "/models")
_PROXY_SCHEMES: Final = ("http", "https", "socks5", "socks5h")


class Mistake(NamedTuple):
    """What is wrong with an address, and what was probably meant."""

    message: str
    suggestion: str | None = None


def listen_mistake(listen: str) -> Mistake | None:
    """HOST:PORT, with an IPv6 address in brackets."""
    host, colon, port = listen.rpartition(":")
    if not colon:
        example = f"127.0.0.1:{listen}" if listen.isdecimal() else f"{listen}:8080"
        return Mistake("is not HOST:PORT", f'write "{example}"')
    if not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        return Mistake(f'"{port}" is not a port (0 to 65535)')
    if not host:
        return Mistake("has no host", f'"127.0.0.1:{port}" for this machine, "0.0.0.0:{port}" for all interfaces')
    if host.startswith("[") and host.endswith("]"):
        return None if is_address(host[1:-1]) else Mistake(f"{host} is not an IPv6 address")
    if ":" in host:
        return Mistake("an IPv6 address stands in brackets", f'write "[{host}]:{port}"')
    if not all(letter.isalnum() or letter in ".-_" for letter in host):
        return Mistake(f'"{host}" is not a host name or address', "only HOST:PORT, without scheme or path")
    return None


def url_mistake(url: str) -> Mistake | None:
    """A base URL: http or https, a host, no credentials, no query."""
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        return Mistake("holds a space or control character")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises when it is no port
    except ValueError as error:
        return Mistake(f"is not a URL: {error}")
    if parts.scheme not in ("http", "https"):
        return Mistake("must begin with http:// or https://", _with_scheme(url, parts))
    if not parts.hostname:
        return Mistake("has no host")
    if parts.username is not None or parts.password is not None:
        return Mistake("holds credentials", "put them into the account's key")
    if parts.query:
        return Mistake("holds a query", "put its parameters into `query`")
    if parts.fragment:
        return Mistake("holds a fragment (#…)")
    return _endpoint_mistake(url, parts)


def proxy_mistake(url: str) -> Mistake | None:
    """A proxy: http, https, socks5 or socks5h, a host; credentials are allowed. Never repeats the URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return Mistake("is not a URL")
    if parts.scheme not in _PROXY_SCHEMES:
        return Mistake(f"must begin with one of {', '.join(f'{scheme}://' for scheme in _PROXY_SCHEMES)}")
    if not parts.hostname:
        return Mistake("has no host")
    if port is None and parts.scheme.startswith("socks"):
        return Mistake("has no port", "1080 is usual")
    return None


def is_address(text: str) -> bool:
    """An IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return is_address(name) and ip_address(name).is_loopback


def is_private(host: str) -> bool:
    """Loopback, private or link-local, or a name without a dot: plain HTTP to it does not cross the internet."""
    name = host.strip("[]").lower()
    if is_address(name):
        address = ip_address(name)
        return address.is_private or address.is_loopback or address.is_link_local
    return is_loopback(name) or "." not in name or name.endswith((".local", ".internal", ".lan", ".home.arpa"))


def is_ourselves(url: str, listen: str) -> bool:
    """Whether a base URL leads to our own listener."""
    if url_mistake(url) or listen_mistake(listen):
        return False
    parts = urlsplit(url)
    host, _, port = listen.rpartition(":")
    host, target = host.strip("[]").lower(), (parts.hostname or "").lower()
    if int(port) == 0 or (parts.port or _PORTS[parts.scheme]) != int(port):
        return False
    is_any = is_address(host) and ip_address(host).is_unspecified
    return target == host or (is_loopback(target) and (is_any or is_loopback(host)))


def host_of(url: str) -> str:
    """Host and port, lower-case; empty where there is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def _with_scheme(url: str, parts: SplitResult) -> str | None:
    if "://" in url:
        return None
    host = url.partition("/")[0].partition(":")[0]
    return f'write "{"http" if is_private(host) else "https"}://{url}"' if host and "@" not in url else None


def _endpoint_mistake(url: str, parts: SplitResult) -> Mistake | None:
    path = parts.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        if path.endswith(endpoint):
            return Mistake("names an endpoint, not a base URL", f'write "{url.rstrip("/").removesuffix(endpoint)}"')
    return None
