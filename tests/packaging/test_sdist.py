"""The source archive: complete enough to build the wheel from, and free of what is not source."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from .conftest import ROOT, only_file

pytestmark = [pytest.mark.packaging, pytest.mark.xdist_group("packaging"), pytest.mark.timeout(1200)]


@pytest.fixture(scope="session")
def members(sdist: Path) -> list[str]:
    with tarfile.open(sdist) as archive:
        return [name.partition("/")[2] for name in archive.getnames()]


@pytest.mark.parametrize(
    "name",
    [
        "Cargo.toml",
        "Cargo.lock",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "rust/core/src/lib.rs",
        "rust/py/src/lib.rs",
    ],
)
def test_the_sdist_holds(name: str, members: list[str]) -> None:
    assert name in members


def test_the_sdist_holds_source_only(members: list[str]) -> None:
    swept = re.compile(r"\.(so|pyd|whl|pyc)$|(^|/)(node_modules|target|\.venv|\.git|\.env|dist)(/|$)")
    assert not [name for name in members if swept.search(name)]


def test_the_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            str(tmp_path),
            str(sdist),
        ],
        cwd=tmp_path,
        env={**os.environ, "CARGO_TARGET_DIR": target, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    built = only_file(tmp_path, "*.whl")
    assert built.name.split("-")[:4] == wheel.name.split("-")[:4]
    assert sorted(contents(built)) == sorted(contents(wheel))


def contents(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()
