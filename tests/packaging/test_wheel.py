"""What is inside the wheel, and that a newcomer's first two commands work from it outside the checkout."""

import json
import re
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from .conftest import ROOT, CleanPython

pytestmark = [pytest.mark.packaging, pytest.mark.xdist_group("packaging"), pytest.mark.timeout(1200)]

# One compressed wheel; a jump means that something was swept in or that stripping is off.
MAX_WHEEL_BYTES = 8 * 1024 * 1024

NEEDED = [
    "fastproxy/__init__.py",
    "fastproxy/_core.abi3.so",
    "fastproxy/_core.pyi",
    "fastproxy/cli/__init__.py",
    "fastproxy/py.typed",
    "fastproxy/config/presets.toml",
]


@pytest.fixture(scope="session")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def read(wheel: Path, suffix: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(suffix)]
        return archive.read(name).decode()


def workspace_version() -> str:
    version: str = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    return version


def test_the_name_says_abi3_and_the_workspace_version(wheel: Path) -> None:
    pattern = rf"fastproxy-{re.escape(workspace_version())}-cp311-abi3-(manylinux|musllinux|linux|macosx|win)\w*\.whl"
    assert re.fullmatch(pattern, wheel.name), wheel.name


@pytest.mark.parametrize("name", NEEDED)
def test_the_wheel_holds(name: str, names: list[str]) -> None:
    assert name in names


def test_every_module_of_the_checkout_is_in_the_wheel(names: list[str]) -> None:
    package = ROOT / "python"
    modules = {path.relative_to(package).as_posix() for path in (package / "fastproxy").rglob("*.py")}
    assert modules <= set(names), sorted(modules - set(names))


def test_licence_and_bill_of_materials_are_shipped(names: list[str], wheel: Path) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    linked = read(wheel, ".dist-info/licenses/THIRD-PARTY-LICENSES.txt")
    assert "rustls" in linked
    assert "Permission is hereby granted" in linked
    bill = json.loads(read(wheel, ".cyclonedx.json"))
    assert bill["bomFormat"] == "CycloneDX"
    components = {component["name"] for component in bill["components"]}
    assert {"fastproxy-core", "pyo3"} <= components


def test_nothing_runs_by_itself_and_nothing_foreign_is_swept_in(names: list[str]) -> None:
    assert not [name for name in names if name.endswith(".pth")]
    assert not [name for name in names if Path(name).name in {"sitecustomize.py", "usercustomize.py"}]
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"fastproxy"}
    assert not [name for name in names if re.search(r"__pycache__|/tests?/|\.rs$|\.map$|\.env$", name)]


def test_the_wheel_stays_within_its_budget(wheel: Path) -> None:
    assert wheel.stat().st_size <= MAX_WHEEL_BYTES


def test_metadata(wheel: Path) -> None:
    metadata = HeaderParser().parsestr(read(wheel, ".dist-info/METADATA"))
    assert metadata["Version"] == workspace_version()
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    granian = [line for line in metadata.get_all("Requires-Dist", []) if line.startswith("granian")]
    assert len(granian) == 1
    assert "<2.9" in granian[0]
    assert len(metadata.get_all("Requires-Dist", [])) <= 12


def test_version_runs_from_the_installed_wheel(clean_python: CleanPython) -> None:
    done = clean_python.run("fastproxy", "version")
    assert done.returncode == 0, done.stderr
    assert workspace_version() in done.stdout


def test_the_installed_package_is_the_wheel_and_not_the_checkout(clean_python: CleanPython) -> None:
    program = "import fastproxy._core as core; print(core.__file__); print(core.build_info()['profile'])"
    done = clean_python.run("python", "-c", program)
    assert done.returncode == 0, done.stderr
    path, profile = done.stdout.split()
    assert Path(path).is_relative_to(clean_python.home)
    assert profile == "release"


def test_demo_runs_from_the_installed_wheel(clean_python: CleanPython) -> None:
    done = clean_python.run("fastproxy", "demo", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    for dialect in ("openai_chat", "anthropic"):
        assert dialect in done.stdout
    assert "Traceback" not in done.stderr


def test_serve_on_an_empty_machine_says_what_is_missing(clean_python: CleanPython) -> None:
    done = clean_python.run("fastproxy", "serve")
    assert done.returncode != 0
    assert "fastproxy demo" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
