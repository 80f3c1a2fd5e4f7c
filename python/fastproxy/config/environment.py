"""No configuration file at all: upstreams from the variables that everybody already has."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .addresses import host_of, is_ourselves, url_mistake
from .presets import Preset, known
from .tree import Origin, Tree


class _Found(NamedTuple):
    name: str
    preset: Preset
    base_url: str
    key: str | None
    is_home: bool  # at the preset's own host, so that its names, quirks and tag apply


def discover(tree: Tree, environ: Mapping[str, str], listen: str) -> list[str]:
    """Adds an upstream for every preset whose variables are set, and routes for model names.

    Order is that of presets.toml, so the same variables always give the same routes. Answers with a sentence for
    everything it did; none when it found nothing.
    """
    sentences: list[str] = []
    found = [
        upstream
        for name, preset in known().presets.items()
        if preset.discover and (upstream := _look(name, preset, environ, listen, sentences))
    ]
    if not found:
        return sentences
    for index, upstream in enumerate(found):
        _add(tree, index, upstream, environ)
    sentences.extend(_routes(tree, found))
    return sentences


def _look(name: str, preset: Preset, environ: Mapping[str, str], listen: str, sentences: list[str]) -> _Found | None:
    key = preset.key_variable(environ)
    base_url, variable = _base_url(preset, environ, listen, sentences)
    if base_url is None or (variable is None and (key is None or preset.local)):
        return None
    is_home = preset.base_url is None or host_of(base_url) == host_of(preset.base_url) or preset.local
    parts = [f"{name}: {preset.title if is_home else preset.dialect} at {base_url}"]
    parts.append(f"address from {variable}" if variable else "")
    parts.append(f"key from {key.variable}" if key else "without a key")
    sentences.append(", ".join(part for part in parts if part) + ".")
    return _Found(name, preset, base_url, key.variable if key else None, is_home)


def _base_url(
    preset: Preset, environ: Mapping[str, str], listen: str, sentences: list[str]
) -> tuple[str | None, str | None]:
    """The address, and the variable that gave it."""
    for variable in preset.base_urls:
        text = environ.get(variable, "").strip()
        if not text:
            continue
        url = _complete(text, preset)
        if url_mistake(url):
            sentences.append(f"{variable} is not usable as an address and was ignored.")
        elif is_ourselves(url, listen):
            sentences.append(f"{variable} points at this proxy itself (meant for its clients) and was ignored.")
        else:
            return url, variable
    return preset.base_url, None


def _complete(text: str, preset: Preset) -> str:
    """`OLLAMA_HOST` and the like may lack scheme, port and path; `0.0.0.0` is where a server listens, not where it is."""
    url = text if "://" in text else f"http://{text}" if preset.local else text
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    if preset.local and host:
        host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - recognised, not bound
        port = port or (preset.default_port if parts.scheme == "http" else None)
        shown = f"[{host}]" if ":" in host else host
        url = f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path}"
    url = url.rstrip("/")
    return url if url.endswith(preset.base_url_path) else url + preset.base_url_path


def _add(tree: Tree, index: int, found: _Found, environ: Mapping[str, str]) -> None:
    upstream: dict[str, Any] = {"name": found.name, "base_url": found.base_url}
    if found.is_home:
        upstream["preset"] = found.name
    else:
        upstream["dialect"] = found.preset.dialect
    account = {"name": "default"}
    key = found.preset.key_variable(environ)
    if key is not None:
        account["key"] = f"env:{key.variable}"
        if key.auth is not None:
            upstream["auth"] = key.auth
    upstream["accounts"] = [account]
    tree.set(("upstreams", index), upstream, Origin("variable", found.key or found.preset.base_urls[0]))


def _routes(tree: Tree, found: list[_Found]) -> list[str]:
    """Vendors' own model names go to the vendor; everything else to the first upstream."""
    if tree.get(("models",)) is not None:
        return []
    models: list[dict[str, Any]] = []
    sentences: list[str] = []
    for upstream in found if len(found) > 1 else []:
        if upstream.is_home and upstream.preset.models and upstream is not found[0]:
            models += [{"name": name, "targets": [{"upstream": upstream.name}]} for name in upstream.preset.models]
            sentences.append(f"Models {', '.join(upstream.preset.models)} go to {upstream.name}.")
    models.append({"name": "*", "targets": [{"upstream": found[0].name}]})
    which = "Every model goes" if len(found) == 1 else "Every other model goes"
    sentences.append(f"{which} to {found[0].name} under the name that the client asks for.")
    if len(found) > 1:
        names = ", ".join(f"{upstream.name}/…" for upstream in found)
        sentences.append(f"A client reaches any of them with its name in front: {names}")
    tree.set(("models",), models, Origin("default"))
    return sentences
