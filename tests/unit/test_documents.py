"""The README and docs/ say what is so: links lead somewhere, configurations load, code compiles, targets exist."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from fastproxy.config import Source

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"errors.md", "fidelity.md", "settings.md"}
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
NAMES = ("OPENAI_KEY_A", "OPENAI_KEY_B", "DEV_KEY", "UP_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")
SECRETS = dict.fromkeys(NAMES, "sk-test-0123456789abcdef0123")


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.text.strip().splitlines()[0][:40]}"


def blocks(language: str) -> list[Block]:
    found = []
    for page in PAGES:
        for kind, text in re.findall(
            r"^```(\w+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            if kind == language:
                found.append(Block(page, kind, text))
    return found


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [link.partition("#")[0] for link in links if not re.match(r"https?:|mailto:|#", link)]
    assert not [link for link in local if not (page.parent / link).exists() and Path(link).name not in GENERATED]


def test_every_page_of_docs_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / link).resolve() for link in re.findall(r"\]\(([^)#\s]+)\)", index.read_text(encoding="utf-8"))
    }
    missing = [page for page in PAGES if page.is_relative_to(index.parent) and page != index and page not in linked]
    assert not missing


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_configurations_load(block: Block, tmp_path: Path) -> None:
    """Fragments may name an upstream that they do not define."""
    text = block.text
    for name in sorted(
        set(re.findall(r'upstream = "(\w+)"', text)) - set(re.findall(r'^name = "(\w+)"', text, re.MULTILINE))
    ):
        text += f'\n[[upstreams]]\nname = "{name}"\ndialect = "openai_chat"\nbase_url = "http://127.0.0.1:1/v1"\n'
    file = tmp_path / "fastproxy.toml"
    file.write_text(text, encoding="utf-8")
    for name in re.findall(r'"file:([\w.-]+)"', block.text):
        (tmp_path / name).write_text("sk-test-0123456789abcdef0123", encoding="utf-8")
    loaded = Source(file, SECRETS).load()
    assert not loaded.errors, [str(problem) for problem in loaded.errors]


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    assert compile(block.text, str(block.page), "exec").co_names


@pytest.mark.node
@pytest.mark.parametrize("block", blocks("js"), ids=str)
def test_javascript_compiles(block: Block, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    file = tmp_path / "block.mjs"
    file.write_text(block.text, encoding="utf-8")
    done = subprocess.run(["node", "--check", str(file)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_make_targets_that_are_spoken_of_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    spoken = {
        name for page in PAGES for name in re.findall(r"(?:`|\$ )make ([a-z-]+)", page.read_text(encoding="utf-8"))
    }
    assert {"demo", "test"} <= spoken
    assert spoken <= targets, spoken - targets


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=name_of)
def test_actions_are_pinned_and_rights_are_given_one_by_one(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE)
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert not [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", line)]
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
