"""Reloading: changes are noticed, checked, applied whole or refused whole. No test waits."""

import os
from pathlib import Path

import pytest

from fastproxy.config import Refused, Reloaded, Reloader, Source

BASE = """\
[server]
listen = "127.0.0.1:8080"
[[upstreams]]
name = "u"
dialect = "openai_chat"
base_url = "http://127.0.0.1:9100/v1"
accounts = [{ name = "a", key = "file:key" }]
[[models]]
name = "m"
targets = [{ upstream = "u" }]
"""


class Site:
    """A configuration on disk, its reloader, and what was applied."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "f.toml"
        self.key = directory / "key"
        self._clock = 1_000_000_000
        self.write(self.key, "sk-test-first-key")
        self.write(self.path, BASE)
        self.applied: list[Reloaded] = []
        self.reloader = Reloader(Source(self.path, {}).load(), self.applied.append)

    def write(self, path: Path, text: str) -> None:
        """Every write has a time of its own, however coarse the file system's clock is."""
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        self._clock += 1
        os.utime(path, (self._clock, self._clock))

    def settle(self) -> Reloaded | Refused | None:
        """Two looks: the first sees the change, the second that it is over."""
        assert self.reloader.check() is None
        return self.reloader.check()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_nothing_changed_nothing_done(site: Site) -> None:
    assert [site.reloader.check() for _ in range(3)] == [None] * 3
    assert site.applied == []


def test_change_is_applied_at_the_second_look(site: Site) -> None:
    site.write(site.path, BASE.replace('name = "m"', 'name = "n"'))
    outcome = site.settle()
    assert isinstance(outcome, Reloaded)
    assert [(change.path, change.kind) for change in outcome.changes] == [
        ("models[m]", "removed"),
        ("models[n]", "added"),
    ]
    assert site.applied == [outcome]
    assert site.reloader.config is outcome.config
    assert site.reloader.check() is None


def test_file_that_is_still_being_written_waits(site: Site) -> None:
    for count in range(3):
        site.write(site.path, BASE + f"# {count}\n")
        assert site.reloader.check() is None
    assert isinstance(site.reloader.check(), Reloaded)


def test_broken_file_is_refused_once_and_the_old_settings_stay(site: Site) -> None:
    before = site.reloader.config
    site.write(site.path, BASE.replace("dialect", "dialekt"))
    outcome = site.settle()
    assert isinstance(outcome, Refused)
    assert {problem.path for problem in outcome.problems} == {"upstreams[0].dialekt", "upstreams[0].dialect"}
    assert site.reloader.check() is None
    assert (site.reloader.config, site.applied) == (before, [])
    site.write(site.path, BASE.replace('"m"', '"n"'))
    assert isinstance(site.settle(), Reloaded)


@pytest.mark.parametrize("text", ["", "[server", "\x00", '[server]\nlisten = "0.0.0.0:8080"\n'])
def test_no_broken_file_is_ever_applied(site: Site, text: str) -> None:
    site.write(site.path, text)
    assert isinstance(site.settle(), Refused)
    assert site.applied == []


def test_file_that_goes_away_and_comes_back(site: Site) -> None:
    site.path.unlink()
    assert isinstance(site.settle(), Refused)
    site.write(site.path, BASE)
    assert isinstance(site.settle(), Reloaded)


def test_replaced_file_is_noticed_though_size_and_time_are_the_same(site: Site) -> None:
    times = (site.path.stat().st_atime_ns, site.path.stat().st_mtime_ns)
    other = site.path.with_suffix(".new")
    other.write_text(BASE.replace('name = "m"', 'name = "n"'), encoding="utf-8")
    os.utime(other, ns=times)
    other.replace(site.path)
    outcome = site.settle()
    assert isinstance(outcome, Reloaded)
    assert outcome.config.models[0].name == "n"


def test_secret_files_are_watched_too_and_their_values_not_told(site: Site) -> None:
    site.write(site.key, "sk-test-second-key")
    outcome = site.settle()
    assert isinstance(outcome, Reloaded)
    assert [change.path for change in outcome.changes] == ["upstreams[u].accounts[a].key"]
    key = outcome.config.upstreams[0].accounts[0].key
    assert key is not None
    assert key.reveal() == "sk-test-second-key"
    assert "sk-test" not in repr(outcome)


def test_mending_a_secret_file_mends_a_refused_configuration(site: Site) -> None:
    site.write(site.path, BASE.replace("file:key", "file:other"))
    assert isinstance(site.settle(), Refused)
    site.write(site.path.with_name("other"), "sk-test-other-key")
    assert isinstance(site.settle(), Reloaded)


def test_request_loads_at_once_even_without_a_change(site: Site) -> None:
    site.reloader.request()
    outcome = site.reloader.check()
    assert isinstance(outcome, Reloaded)
    assert outcome.changes == ()
    site.write(site.path, BASE.replace('"m"', '"n"'))
    site.reloader.request()
    assert isinstance(site.reloader.check(), Reloaded)
    assert site.reloader.check() is None


def test_changes_that_need_a_restart_are_told_apart(site: Site) -> None:
    changed = BASE.replace("8080", "8081").replace('name = "u"', 'name = "u"\nmax_cooldown = 5')
    site.write(site.path, changed)
    outcome = site.settle()
    assert isinstance(outcome, Reloaded)
    assert [change.path for change in outcome.changes] == ["server.listen", "upstreams[u].max_cooldown"]
    assert [change.path for change in outcome.waiting] == ["server.listen"]


def test_order_of_upstreams_is_a_change(site: Site) -> None:
    second = BASE.split("[[models]]")[0].split("[[upstreams]]")[1].replace('"u"', '"v"')
    models = BASE.split("[[models]]")[1]
    one = BASE.replace("[[models]]", f"[[upstreams]]{second}[[models]]")
    site.write(site.path, one)
    assert isinstance(site.settle(), Reloaded)
    first = BASE.split("[[upstreams]]")[1].split("[[models]]")[0]
    site.write(site.path, f"[[upstreams]]{second}[[upstreams]]{first}[[models]]{models}")
    outcome = site.settle()
    assert isinstance(outcome, Reloaded)
    assert [(change.path, change.kind) for change in outcome.changes] == [("upstreams", "reordered")]


def test_settings_that_cannot_be_applied_leave_the_old_ones(site: Site) -> None:
    def refuse(_: Reloaded) -> None:
        raise OSError("no")

    reloader = Reloader(Source(site.path, {}).load(), refuse)
    before = reloader.config
    reloader.request()
    with pytest.raises(OSError, match="no"):
        reloader.check()
    assert reloader.config is before
