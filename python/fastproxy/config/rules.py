"""What must hold between settings: names that exist, listeners that are safe, secrets that are secret."""

from collections.abc import Iterator
from typing import Final

from .addresses import is_loopback, listen_mistake, url_mistake
from .positions import Path
from .problems import Problems, did_you_mean
from .reading import Reader
from .record_rules import check_records
from .secrets import Secret
from .structs import Access, Cors, Key, Model, Opaque, Passthrough, Server, Target
from .tree import Tree
from .upstream import Upstream
from .upstream_rules import check_upstreams

# Seen in sample configurations and leaked lists; a listener beyond loopback must not trust them.
_KNOWN_BAD: Final = frozenset(
    {"admin", "123456", "12345678", "123456789012", "sk-1234", "changeme", "changemeplease", "password", "password1234",
     "secret", "sk-test", "test", "your-key", "your-api-key", "sk-your-api-key"}
)  # fmt: skip
_SHORTEST_KEY: Final = 12
_SHORTEST_SEAL: Final = 32


def check(tree: Tree, reader: Reader, problems: Problems) -> None:
    """Everything beyond single values. Runs on whatever could be read, so that one mistake hides no other."""
    server = next((server for _, server in reader.all(Server)), Server())
    _check_server(server, problems)
    _check_keys(tree, reader, server, problems)
    check_upstreams(reader, server.listen, problems)
    _check_models(tree, reader, problems)
    _check_passthrough(tree, reader, problems)
    _check_cors(reader, problems)
    _check_seal(reader, problems)
    check_records(reader, problems)
    _check_literals(tree, reader, problems)
    for section in ("upstreams", "models", "keys"):
        _check_names(tree, section, problems)


def _check_server(server: Server, problems: Problems) -> None:
    where = ("server", "listen")
    if mistake := listen_mistake(server.listen):
        problems.error(where, mistake.message, mistake.suggestion)
    elif not is_loopback(server.host) and not server.behind_tls:
        problems.warning(
            where,
            "other machines send their keys over plain HTTP",
            "put TLS in front and set behind_tls = true",
        )
    if server.workers > 1:
        problems.error(
            ("server", "workers"),
            "above 1 needs account state that is shared between processes, which this version does not have",
            "1 process uses all cores",
        )


def _check_keys(tree: Tree, reader: Reader, server: Server, problems: Problems) -> None:
    is_open = not listen_mistake(server.listen) and not is_loopback(server.host)
    access = next((access for _, access in reader.all(Access)), Access())
    if not tree.get(("keys",)) and not access.require_key:
        if is_open:
            problems.error(
                ("server", "listen"),
                f"{server.listen} can be reached from other machines, and there are no [[keys]]: anyone could spend your accounts",
                "add [[keys]] (fastproxy keys new), set access.require_key and use fastproxy keys create, or listen on 127.0.0.1",
            )
        else:
            problems.warning(
                (), "no [[keys]]: unless the store holds some, every program on this machine may use the proxy",
                "fastproxy keys create",
            )  # fmt: skip
    first: dict[str, Path] = {}
    for path, key in reader.all(Key):
        value = key.key.reveal()
        if not value:
            continue
        if value in first:
            problems.error((*path, "key"), f"is the same secret as {_shown(first[value])}")
        first.setdefault(value, path)
        _check_strength((*path, "key"), value, is_open, problems)
        if key.models == []:
            problems.warning(
                (*path, "models"), "is empty: this key may ask for nothing", 'leave it out, or write ["*"]'
            )


def _check_strength(path: Path, value: str, is_open: bool, problems: Problems) -> None:
    if value.lower() not in _KNOWN_BAD and len(value) >= _SHORTEST_KEY:
        return
    reason = "is a well-known value" if value.lower() in _KNOWN_BAD else f"is shorter than {_SHORTEST_KEY} characters"
    if is_open:
        problems.error(path, f"{reason}, and other machines can reach the listener", "fastproxy keys new")
    else:
        problems.warning(path, reason, "fastproxy keys new")


def _check_models(tree: Tree, reader: Reader, problems: Problems) -> None:
    names = {name for _, name in _named(tree, "upstreams")}
    upstreams = {upstream.name: upstream for _, upstream in reader.all(Upstream)}
    for path, target in reader.all(Target):
        if target.upstream and target.upstream not in names:
            problems.error(
                (*path, "upstream"), f'no upstream "{target.upstream}"', did_you_mean(target.upstream, names)
            )
        elif target.upstream in upstreams and not _serves(upstreams[target.upstream], target.model):
            problems.error(
                (*path, "model"),
                f'upstream "{target.upstream}" is not allowed to be asked for "{target.model}"',
                "add it to the upstream's models",
            )
        if target.tags and target.upstream in upstreams and not _has_tags(upstreams[target.upstream], target.tags):
            problems.error(
                (*path, "tags"),
                f'no account of upstream "{target.upstream}" has all of them',
                "add them to an account's tags",
            )
    for path, model in reader.all(Model):
        if "*" in model.name:
            continue
        if any(f"{name}/" == model.name[: len(name) + 1] for name in names):
            problems.warning((*path, "name"), "also reads as upstream/model; this entry wins")
    if not tree.get(("upstreams",)):
        problems.error(
            ("upstreams",), "no upstreams: there is nothing to call", 'add [[upstreams]], such as preset = "openai"'
        )
    elif not tree.get(("models",)):
        problems.warning(
            (), "no [[models]]: clients must ask for upstream/model", 'name = "*" sends everything to its targets'
        )


def _check_passthrough(tree: Tree, reader: Reader, problems: Problems) -> None:
    names = {name for _, name in _named(tree, "upstreams")}
    dialects = {upstream.name: upstream.dialect for _, upstream in reader.all(Upstream)}
    for path, passthrough in reader.all(Passthrough):
        name = passthrough.upstream
        if name is not None and name not in names:
            problems.error((*path, "upstream"), f'no upstream "{name}"', did_you_mean(name, names))
        elif name is not None and not dialects.get(name, "openai").startswith("openai"):
            problems.error((*path, "upstream"), f'"{name}" does not speak a dialect of OpenAI')


def _has_tags(upstream: Upstream, tags: list[str]) -> bool:
    return any(set(tags).issubset(account.tags) for account in upstream.accounts)


def _serves(upstream: Upstream, model: str | None) -> bool:
    if upstream.models is None or model is None:
        return True
    return any(
        model == allowed or (allowed.endswith("*") and model.startswith(allowed[:-1])) for allowed in upstream.models
    )


def _check_cors(reader: Reader, problems: Problems) -> None:
    for path, cors in reader.all(Cors):
        for index, origin in enumerate(cors.origins):
            where = (*path, "origins", index)
            if origin == "*":
                problems.warning(where, "every web page may call this proxy")
            elif (mistake := url_mistake(origin)) is not None:
                problems.error(where, mistake.message, mistake.suggestion)
            elif origin.count("/") > 2:
                origin_only = "/".join(origin.split("/")[:3])
                problems.error(where, "an origin has no path", f'write "{origin_only}"')


def _check_seal(reader: Reader, problems: Problems) -> None:
    for path, opaque in reader.all(Opaque):
        if opaque.key is not None and len(opaque.key.reveal()) < _SHORTEST_SEAL:
            problems.error((*path, "key"), f"is shorter than {_SHORTEST_SEAL} characters", "openssl rand -hex 32")


def _check_literals(tree: Tree, reader: Reader, problems: Problems) -> None:
    """A secret written into the file ends up in backups and version control."""
    for path, struct in list(reader.built.items()):
        for name in struct.__struct_fields__:
            value = getattr(struct, name)
            where = (*path, name)
            if not isinstance(value, Secret) or value.source != "literal" or tree.origin(where).kind != "file":
                continue
            if name not in ("proxy", "url") or "@" in value.reveal():
                problems.warning(where, "is written out in the file", 'write "env:NAME" or "file:PATH"')


def _check_names(tree: Tree, section: str, problems: Problems) -> None:
    first: dict[str, int] = {}
    for index, name in _named(tree, section):
        if name in first:
            problems.error((section, index, "name"), f'"{name}" is already the name of {section}[{first[name]}]')
        first.setdefault(name, index)


def _named(tree: Tree, section: str) -> Iterator[tuple[int, str]]:
    """Names as written, those of elements that could not be read included."""
    elements = tree.get((section,))
    for index, element in enumerate(elements if isinstance(elements, list) else []):
        name = element.get("name") if isinstance(element, dict) else None
        if isinstance(name, str):
            yield index, name


def _shown(path: Path) -> str:
    return f"{path[0]}[{path[1]}]"
