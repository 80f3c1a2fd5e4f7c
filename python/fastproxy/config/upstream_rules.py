"""What must hold for upstreams beyond the types of their settings."""

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Final
from urllib.parse import urlsplit

from .addresses import is_address, is_loopback, is_ourselves, is_private, proxy_mistake, url_mistake
from .positions import Path
from .presets import known
from .problems import Problems, did_you_mean
from .reading import Reader
from .secrets import Secret
from .upstream import Upstream

_CREDENTIALS: Final = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"}
)
# Set by the connection or by us; a second one would break framing or the dialect.
_OURS: Final = frozenset(
    {
        "host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "upgrade", "te",
        "trailer", "expect", "accept-encoding", "anthropic-version",
    }
)  # fmt: skip
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def check_upstreams(reader: Reader, listen: str, problems: Problems) -> None:
    """Every upstream that could be read."""
    for path, upstream in reader.all(Upstream):
        _check_address(path, upstream, listen, problems)
        _check_tls(path, upstream, problems)
        _check_headers(path, upstream, problems)
        _check_accounts(path, upstream, problems)
        _check_times(path, upstream, problems)


def _check_address(path: Path, upstream: Upstream, listen: str, problems: Problems) -> None:
    where = (*path, "base_url")
    if upstream.dialect and upstream.dialect not in known().dialects:
        problems.error(
            (*path, "dialect"), f'no dialect "{upstream.dialect}"', did_you_mean(upstream.dialect, known().dialects)
        )
    mistake = url_mistake(upstream.base_url) if upstream.base_url else None
    if mistake:
        problems.error(where, mistake.message, mistake.suggestion)
        return
    if is_ourselves(upstream.base_url, listen):
        problems.error(where, f"is fastproxy's own address ({listen}): it would call itself", "change one of the ports")
    parts = urlsplit(upstream.base_url)
    has_key = any(account.key for account in upstream.accounts)
    if parts.scheme == "http" and has_key and not is_private(parts.hostname or ""):
        problems.warning(where, "sends keys and prompts over plain HTTP", "write https://")
    host = parts.hostname or ""
    # Names are checked when connected, by what they resolve to.
    if not upstream.allow_private and is_private(host) and (is_address(host) or is_loopback(host)):
        problems.error(where, "is a private address and allow_private is false", "set allow_private = true")


def _check_tls(path: Path, upstream: Upstream, problems: Problems) -> None:
    if not upstream.verify_tls:
        problems.warning((*path, "verify_tls"), "certificates are not checked: whoever answers gets the keys")
    if upstream.ca_file is None:
        return
    try:
        is_pem = b"-----BEGIN CERTIFICATE-----" in FilePath(upstream.ca_file).read_bytes()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "not a usable path"
        problems.error((*path, "ca_file"), f"cannot be read: {reason.lower()}")
        return
    if not is_pem:
        problems.error((*path, "ca_file"), "holds no PEM certificate")


def _check_headers(path: Path, upstream: Upstream, problems: Problems) -> None:
    for name, value in upstream.headers.items():
        where = (*path, "headers", name)
        if not name or not _TOKEN.issuperset(name):
            problems.error(where, "is not the name of a header", at_key=True)
        elif name.lower() in _CREDENTIALS:
            problems.error(
                where, "is a credential", "put it into the account's key, and its header into auth", at_key=True
            )
        elif name.lower() in _OURS:
            better = "set version" if name.lower() == "anthropic-version" else None
            problems.error(where, "is set by fastproxy itself", better, at_key=True)
        elif not value.isascii():
            problems.error(where, "holds characters that no header can carry")
    for name in upstream.query:
        if not name or not _TOKEN.issuperset(name):
            problems.error((*path, "query", name), "is not the name of a query parameter", at_key=True)


def _check_accounts(path: Path, upstream: Upstream, problems: Problems) -> None:
    first: dict[str, int] = {}
    for index, account in enumerate(upstream.accounts):
        where = (*path, "accounts", index)
        if account.name and account.name in first:
            problems.error((*where, "name"), f'"{account.name}" is already the name of accounts[{first[account.name]}]')
        first.setdefault(account.name, index)
        if account.key is not None and upstream.auth == "none":
            problems.warning((*where, "key"), 'is never sent: auth is "none"')
        elif account.key is None and upstream.auth != "none" and not _is_near(upstream):
            problems.warning(where, "has no key: requests go without one", 'write key = "env:NAME"')
    for where, secret in _proxies(path, upstream):
        if secret.reveal() and (mistake := proxy_mistake(secret.reveal())):
            problems.error(where, mistake.message, mistake.suggestion)
    if not upstream.accounts:
        problems.error((*path, "accounts"), "is empty", 'write accounts = [{ name = "a", key = "env:NAME" }]')


def _proxies(path: Path, upstream: Upstream) -> Iterator[tuple[Path, Secret]]:
    if upstream.proxy is not None:
        yield (*path, "proxy"), upstream.proxy
    for index, account in enumerate(upstream.accounts):
        if account.proxy is not None:
            yield (*path, "accounts", index, "proxy"), account.proxy


def _check_times(path: Path, upstream: Upstream, problems: Problems) -> None:
    times = upstream.timeouts
    for name in ("connect", "first_byte", "idle"):
        if (getattr(times, name) or 0) > times.total:
            problems.warning((*path, "timeouts", name), f"is longer than total ({times.total:g} s): it never applies")


def _is_near(upstream: Upstream) -> bool:
    try:
        return is_private(urlsplit(upstream.base_url).hostname or "")
    except ValueError:
        return False
