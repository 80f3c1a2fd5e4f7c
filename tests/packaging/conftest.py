"""The wheel and the sdist, each built once per run and looked at by every test here."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class CleanPython:
    """A virtual environment that holds the wheel and nothing of the checkout."""

    home: Path
    bin: Path

    def run(self, program: str, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run one of its programs in an empty folder, with nothing of our environment but the way to a shell."""
        return subprocess.run(
            [str(self.bin / program), *arguments],
            cwd=self.home,
            env={"PATH": os.defpath, "HOME": str(self.home), "NO_COLOR": "1", "COLUMNS": "160", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def maturin(*arguments: str) -> None:
    """Run maturin in the checkout, with its target folder, so that a built extension is not built again."""
    program = shutil.which("maturin", path=str(Path(sys.executable).parent))
    assert program, "maturin is not in this environment: run the tests with `make test`"
    done = subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr


def only_file(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    assert len(found) == 1, f"expected one {pattern}, found {[path.name for path in folder.iterdir()]}"
    return found[0]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    maturin("build", "--release", "--out", str(out), "--interpreter", sys.executable)
    return only_file(out, "*.whl")


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    maturin("sdist", "--out", str(out))
    return only_file(out, "*.tar.gz")


@pytest.fixture(scope="session")
def clean_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanPython]:
    home = tmp_path_factory.mktemp("clean")
    venv.create(home / "venv", with_pip=True)
    clean = CleanPython(home=home, bin=home / "venv" / "bin")
    done = subprocess.run(
        [
            str(clean.bin / "pip"),
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
            str(wheel),
        ],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    yield clean
    shutil.rmtree(home, ignore_errors=True)
