"""Media that a client names by URL, fetched for an upstream that needs the bytes. Off unless the operator says otherwise:
whoever may name a URL chooses what this machine connects to.

The address is checked when it is connected to (a name may change its mind between a look-up and a connection), redirects are
not followed, nothing of the client's goes along, and every way to fail to connect is told in the same words, so that a client
learns nothing about the network behind the proxy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from .. import __version__, _core
from ..config import Media
from ..errors import ProxyError

_HEADERS = [("accept", "image/*, application/pdf, audio/*, video/*"), ("user-agent", f"fastproxy/{__version__}")]
_MAX_URL = 8192

Found = dict[str, tuple[str, bytes]]


class FetchedMedia:
    """What was fetched for one request: once, however many upstreams are tried."""

    def __init__(self, client: _core.Client, settings: Media) -> None:
        self._client = client
        self._settings = settings
        self._found: Found = {}

    async def wanted_by(self, request: _core.Request, target: _core.Target) -> Mapping[str, tuple[str, bytes]]:
        """The media that this target needs the bytes of. Raises `ProxyError` for what cannot be had."""
        if not self._settings.fetch:
            return self._found
        wanted = {url: pointer for url, pointer in request.wanted_media(target) if url not in self._found}
        if len(wanted) + len(self._found) > self._settings.max_count:
            raise ProxyError("bad_request", f"more than {self._settings.max_count} URLs of media are not fetched")
        async with asyncio.TaskGroup() as tasks:
            fetching = {url: tasks.create_task(self._fetch(url, pointer)) for url, pointer in wanted.items()}
        for url, task in fetching.items():
            if isinstance(result := task.result(), ProxyError):
                raise result
            self._found[url] = result
        return self._found

    async def _fetch(self, url: str, pointer: str) -> tuple[str, bytes] | ProxyError:
        try:
            return await self._get(url)
        except ProxyError as error:
            # `TaskGroup` would wrap it into a group.
            error.pointer = pointer
            return error

    async def _get(self, url: str) -> tuple[str, bytes]:
        settings = self._settings
        endpoint, path = self._endpoint(url)
        try:
            status, _, body = await self._client.fetch(
                endpoint,
                path,
                method="GET",
                headers=_HEADERS,
                timeout=settings.timeout,
                max_bytes=settings.max_bytes,
            )
        except ProxyError:
            message = f"the media cannot be fetched, or is larger than {settings.max_bytes} bytes"
            raise _unusable(message) from None
        if status != 200:
            raise _unusable(f"the media cannot be fetched: its server answered {status}")
        media_type = _core.sniff_media(body)
        if media_type is None:
            raise _unusable("the URL holds no image, sound, film or PDF")
        return media_type, body

    def _endpoint(self, url: str) -> tuple[_core.Endpoint, str]:
        """The way to a URL, and the path there."""
        try:
            parts = urlsplit(url)
            if (
                len(url) > _MAX_URL
                or parts.scheme not in ("http", "https")
                or "@" in parts.netloc
                or not parts.hostname
            ):
                raise ValueError(url)
            endpoint = self._client.endpoint(
                f"{parts.scheme}://{parts.netloc}", allow_private=self._settings.allow_private, isolation="media"
            )
        except ValueError:
            raise _unusable("the media's URL is not one of http or https") from None
        return endpoint, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _unusable(message: str) -> ProxyError:
    return ProxyError("bad_request", message, code="media_unavailable")
