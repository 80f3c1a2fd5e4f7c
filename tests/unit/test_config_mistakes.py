"""Every mistake is reported, each with file, line, column, path and what was probably meant."""

from pathlib import Path

import pytest

from fastproxy.config import ConfigError, Loaded, Problem, Source

GOOD = """\
[server]
listen = "127.0.0.1:8080"
[[upstreams]]
name = "local"
dialect = "openai_chat"
base_url = "http://127.0.0.1:9100/v1"
accounts = [{ name = "a", key = "env:UP_KEY" }]
[[models]]
name = "m"
targets = [{ upstream = "local" }]
[[keys]]
name = "dev"
key = "env:DEV_KEY"
"""
ENVIRON = {"UP_KEY": "sk-test-upstream", "DEV_KEY": "sk-test-client-key"}


def load(directory: Path, text: str) -> Loaded:
    path = directory / "fastproxy.toml"
    path.write_text(text, encoding="utf-8")
    return Source(path, ENVIRON).load()


def only(loaded: Loaded) -> Problem:
    assert len(loaded.problems) == 1, [str(problem) for problem in loaded.problems]
    return loaded.problems[0]


def test_the_base_of_these_tests_is_right(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).problems == ()


# what is replaced, by what, path of the mistake, line, column, words of the message, words of the suggestion
MISTAKES = [
    ("listen =", "lisen =", "server.lisen", 2, 1, "no such setting", 'did you mean "listen"?'),
    ("[server]", "[sever]", "sever", 1, 1, "no such setting", 'did you mean "server"?'),
    ('"127.0.0.1:8080"', "8080", "server.listen", 2, 10, "expected a text, got a whole number", None),
    ('"127.0.0.1:8080"', '"8080"', "server.listen", 2, 10, "is not HOST:PORT", "127.0.0.1:8080"),
    ('"127.0.0.1:8080"', '":8080"', "server.listen", 2, 10, "has no host", "0.0.0.0:8080"),
    ('"127.0.0.1:8080"', '"::1:8080"', "server.listen", 2, 10, "brackets", "[::1]:8080"),
    ('"127.0.0.1:8080"', '"127.0.0.1:http"', "server.listen", 2, 10, '"http" is not a port', None),
    ('"127.0.0.1:8080"', '"127.0.0.1:8080"\nworkers = 2', "server.workers", 3, 11, "shared between processes", "1 process"),
    ('"127.0.0.1:8080"', '"127.0.0.1:8080"\nbacklog = 1', "server.backlog", 3, 11, "must be >= 128, got 1", None),
    ('"127.0.0.1:8080"', '"127.0.0.1:8080"\npre_stop = nan', "server.pre_stop", 3, 12, "got nan", None),
    ('"127.0.0.1:8080"', '"127.0.0.1:8080"\npre_stop = "soon"', "server.pre_stop", 3, 12, "'soon'", None),
    ('"127.0.0.1:8080"', '"127.0.0.1:8080"\naccess_log = "yes"', "server.access_log", 3, 14, "expected true or false", None),
    ('name = "local"', 'name = "lo/cal"', "upstreams[0].name", 4, 8, "beginning with a letter or digit", None),
    ('"openai_chat"', '"openai-chat"', "upstreams[0].dialect", 5, 11, "no dialect", 'did you mean "openai_chat"?'),
    ('dialect = "openai_chat"', 'preset = "open-ai"', "upstreams[0].preset", 5, 10, "no preset", 'did you mean "openai"?'),
    ("http://127.0.0.1:9100/v1", "127.0.0.1:9100/v1", "upstreams[0].base_url", 6, 12, "must begin with http", "http://127.0.0.1:9100/v1"),
    ("http://127.0.0.1:9100/v1", "api.example.com/v1", "upstreams[0].base_url", 6, 12, "must begin with http", "https://api.example.com/v1"),
    ("http://127.0.0.1:9100/v1", "ftp://x", "upstreams[0].base_url", 6, 12, "must begin with http", None),
    ("http://127.0.0.1:9100/v1", "http://", "upstreams[0].base_url", 6, 12, "has no host", None),
    ("http://127.0.0.1:9100/v1", "http://h:99999", "upstreams[0].base_url", 6, 12, "is not a URL", None),
    ("http://127.0.0.1:9100/v1", "http://u:p@127.0.0.1", "upstreams[0].base_url", 6, 12, "holds credentials", "account's key"),
    ("http://127.0.0.1:9100/v1", "http://127.0.0.1?a=b", "upstreams[0].base_url", 6, 12, "holds a query", "`query`"),
    ("9100/v1", "9100/v1/chat/completions", "upstreams[0].base_url", 6, 12, "names an endpoint", '"http://127.0.0.1:9100/v1"'),
    ("9100/v1", "8080/v1", "upstreams[0].base_url", 6, 12, "it would call itself", "ports"),
    ("env:UP_KEY", "env:UP_KEE", "upstreams[0].accounts[0].key", 7, 33, "UP_KEE is not set", None),
    ("env:UP_KEY", "file:none", "upstreams[0].accounts[0].key", 7, 33, "no such file", None),
    ('"env:UP_KEY"', "7", "upstreams[0].accounts[0].key", 7, 33, 'like "env:NAME"', None),
    ("key = ", "weight = 0, key = ", "upstreams[0].accounts[0].weight", 7, 36, "must be > 0, got 0", None),
    ("key = ", "max_inflight = 1, key = ", "upstreams[0].accounts[0].max_inflight", 7, 27, "no such setting", "max_in_flight"),
    ("}]\n[[models]]", '}, { name = "a" }]\n[[models]]', "upstreams[0].accounts[1].name", 7, 58, "already the name of accounts[0]", None),
    ("accounts = [", 'auth = "beerer"\naccounts = [', "upstreams[0].auth", 7, 8, "not one of its words", 'did you mean "bearer"?'),
    ("accounts = [", 'headers = { Authorization = "x" }\naccounts = [', "upstreams[0].headers.Authorization", 7, 13, "is a credential", "account's key"),
    ("accounts = [", 'headers = { Host = "x" }\naccounts = [', "upstreams[0].headers.Host", 7, 13, "set by fastproxy", None),
    ("accounts = [", 'headers = { "a b" = "x" }\naccounts = [', "upstreams[0].headers.a b", 7, 13, "not the name of a header", None),
    ("accounts = [", 'headers = { x-a = "b\\r\\nc: d" }\naccounts = [', "upstreams[0].headers.x-a", 7, 19, "line end", None),
    ("accounts = [", 'proxy = "ftp://p:1"\naccounts = [', "upstreams[0].proxy", 7, 9, "must begin with one of http://", None),
    ("accounts = [", 'proxy = "socks5://p"\naccounts = [', "upstreams[0].proxy", 7, 9, "has no port", "1080"),
    ("accounts = [", 'ca_file = "none.pem"\naccounts = [', "upstreams[0].ca_file", 7, 11, "no such file", None),
    ("accounts = [", "allow_private = false\naccounts = [", "upstreams[0].base_url", 6, 12, "private address", "allow_private"),
    ("accounts = [", 'models = ["a", "b*c"]\naccounts = [', "upstreams[0].models[1]", 7, 16, "star only at the end", None),
    ("accounts = [", 'timeouts = { conect = 1 }\naccounts = [', "upstreams[0].timeouts.conect", 7, 14, "no such setting", 'did you mean "connect"?'),
    ('upstream = "local"', 'upstream = "lokal"', "models[0].targets[0].upstream", 10, 25, 'no upstream "lokal"', 'did you mean "local"?'),
    ('upstream = "local"', 'upstream = "local", tags = ["eu"]', "models[0].targets[0].tags", 10, 41, "has all of them", "account's tags"),
    ("key = ", "rpm = 0, key = ", "upstreams[0].accounts[0].rpm", 7, 33, "must be >= 1, got 0", None),
    ("accounts = [", 'pool = { policy = "idle" }\naccounts = [', "upstreams[0].pool.policy", 7, 19, "not one of its words", None),
    ('upstream = "local"', 'upstream = "local", weight = -1', "models[0].targets[0].weight", 10, 43, "must be > 0, got -1", None),
    ("targets = [{", "target = [{", "models[0].targets", 8, 1, "missing", None),
    ('[{ upstream = "local" }]', '{ upstream = "local" }', "models[0].targets", 10, 11, "expected an array, got a table", "[[targets]]"),
    ('[{ upstream = "local" }]', "[]", "models[0].targets", 10, 11, "needs at least 1", None),
    ("[[keys]]", "[keys]", "keys", 11, 1, "expected an array, got a table", "[[keys]]"),
    ("env:DEV_KEY", "env:UP_KEYS", "keys[0].key", 13, 7, "UP_KEYS is not set", None),
    ('key = "env:DEV_KEY"', "", "keys[0].key", 11, 1, "missing", None),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "line", "column", "message", "suggestion"), MISTAKES)
def test_mistake_has_its_place_and_suggestion(
    tmp_path: Path, old: str, new: str, path: str, line: int, column: int, message: str, suggestion: str | None
) -> None:
    assert old in GOOD
    loaded = load(tmp_path, GOOD.replace(old, new, 1))
    assert loaded.config is None
    found = [problem for problem in loaded.errors if problem.path == path]
    assert len(found) == 1, [str(problem) for problem in loaded.problems]
    problem = found[0]
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")
    assert problem.place is not None
    assert (problem.place.source, problem.place.line, problem.place.column) == (
        str(tmp_path / "fastproxy.toml"),
        line,
        column,
    )


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    applied = [
        mistake for mistake in MISTAKES if mistake[2] in
        ("server.backlog", "upstreams[0].dialect", "upstreams[0].accounts[0].weight", "upstreams[0].auth",
         "models[0].targets[0].upstream", "keys[0].key")
        and mistake[1] != ""
    ]  # fmt: skip
    text = GOOD
    for old, new, *_ in applied:
        text = text.replace(old, new, 1)
    loaded = load(tmp_path, text)
    assert {mistake[2] for mistake in applied} == {problem.path for problem in loaded.errors}
    assert [problem.place.line for problem in loaded.errors if problem.place] == sorted(
        problem.place.line or 0 for problem in loaded.errors if problem.place
    )


def test_a_broken_name_does_not_hide_what_else_is_wrong_with_an_upstream(tmp_path: Path) -> None:
    text = GOOD.replace('name = "local"', 'name = "lo cal"').replace("http://127", "127").replace("openai_chat", "x")
    paths = {problem.path for problem in load(tmp_path, text).errors}
    assert {"upstreams[0].name", "upstreams[0].base_url", "upstreams[0].dialect"} <= paths


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("[server\n", 1, 8), ("a = 1\nb = = 2\n", 2, 5), ('a = "x', 1, None), ("a = 1\na = 2\n", 2, None)],
)
def test_syntax_error_has_its_place(tmp_path: Path, text: str, line: int, column: int | None) -> None:
    problem = only(load(tmp_path, text))
    assert problem.place is not None
    assert problem.place.line == line
    assert column is None or problem.place.column == column


def test_file_that_is_not_there_not_text_or_too_large(tmp_path: Path) -> None:
    missing = only(Source(tmp_path / "none.toml", {}).load())
    assert "no such file" in missing.message
    (tmp_path / "latin.toml").write_bytes(b'# ok\nname = "\xe9"\n')
    latin = only(Source(tmp_path / "latin.toml", {}).load())
    assert (latin.message, latin.place and latin.place.line) == ("not UTF-8", 2)
    (tmp_path / "huge.toml").write_bytes(b"#" * (9 * 2**20))
    assert "larger than" in only(Source(tmp_path / "huge.toml", {}).load()).message
    assert "cannot be read" in only(Source(tmp_path, {}).load()).message


def test_nesting_without_end_is_a_mistake_and_not_a_crash(tmp_path: Path) -> None:
    for text in (
        "a = " + "[" * 100_000,
        "a = " + "[" * 20_000 + "]" * 20_000,
        "a = " + "{a = " * 5000 + "1" + "}" * 5000,
    ):
        assert load(tmp_path, text).config is None


def test_same_names_twice(tmp_path: Path) -> None:
    doubled = GOOD + "\n".join(GOOD.split("\n")[2:])
    problems = {problem.path: problem.message for problem in load(tmp_path, doubled).errors}
    assert problems == {
        "upstreams[1].name": '"local" is already the name of upstreams[0]',
        "models[1].name": '"m" is already the name of models[0]',
        "keys[1].name": '"dev" is already the name of keys[0]',
        "keys[1].key": "is the same secret as keys[0]",
    }


def test_target_outside_the_upstreams_allowed_models(tmp_path: Path) -> None:
    text = GOOD.replace("accounts = [", 'models = ["gpt-*"]\naccounts = [')
    problem = only(load(tmp_path, text.replace('"local" }', '"local", model = "other" }')))
    assert problem.path == "models[0].targets[0].model"
    assert load(tmp_path, text.replace('"local" }', '"local", model = "gpt-9" }')).problems == ()


def test_no_upstreams_and_missing_parts(tmp_path: Path) -> None:
    loaded = load(tmp_path, "")
    assert [problem.path for problem in loaded.errors] == ["upstreams"]
    loaded = load(tmp_path, '[[upstreams]]\nname = "a"\n')
    assert {problem.path for problem in loaded.errors} == {"upstreams[0].dialect", "upstreams[0].base_url"}
    assert all("preset" in (problem.suggestion or "") for problem in loaded.errors)


def test_require_raises_with_every_reason(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD.replace("listen", "lisen").replace("openai_chat", "openai_chta"))
    with pytest.raises(ConfigError) as raised:
        loaded.require()
    assert [problem.path for problem in raised.value.problems] == ["server.lisen", "upstreams[0].dialect"]
    assert str(raised.value).count("\n") == 1


def test_problem_reads_as_editors_expect(tmp_path: Path) -> None:
    problem = only(load(tmp_path, GOOD.replace("openai_chat", "openai_chta")))
    assert str(problem) == (
        f'{tmp_path}/fastproxy.toml:5:11: error: upstreams[0].dialect: no dialect "openai_chta" (did you mean "openai_chat"?)'
    )
