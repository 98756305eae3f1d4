"""The floor plan holds, and a planted violation of it is caught."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("engine", "modes", "api", "jobs")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts of ``folder``'s pyproject over the code that lies in it."""
    code = "from importlinter.cli import lint_imports_command as run; run()"
    command = [sys.executable, "-P", "-c", code, "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "PATH": "", "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def ruff(folder: Path, file: str) -> subprocess.CompletedProcess[str]:
    """Run the style rules over one file."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", file]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path):
    """The project's code, to plant something in."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "*.js"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold(copy):
    found = lint_imports(copy)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("api", "import jobs.intake", "the edges stand on modes"),
        ("jobs", "import api.problem", "the edges stand on modes"),
        ("engine", "import modes.policy", "the edges stand on modes"),
        ("engine/learn", "import engine.store.tables", "inside the engine"),
        ("engine/domain", "import engine.assignment", "inside the engine"),
        ("modes", "import engine.store.orders", "modes is pure"),
        ("modes", "import engine.config", "modes is pure"),
        ("modes", "import engine.measure.shares", "modes is pure"),
        ("engine/measure", "import engine.store.tables", "inside the engine"),
        ("engine/learn", "import engine.config", "settings are read by the edges only"),
        ("jobs", "import sqlalchemy", "only engine.store speaks SQL"),
        ("modes", "import flask", "only api speaks HTTP"),
        ("api", "import httpx", "only jobs call the outside"),
        ("engine/store", "import procrastinate", "only jobs call the outside"),
    ],
)
def test_a_planted_violation_is_caught(copy, room, line, contract):
    (copy / room / "planted.py").write_text(f'"""Planted."""\n\n{line}\n')
    found = lint_imports(copy)
    assert found.returncode == 1, found.stdout + found.stderr
    broken = [said for said in found.stdout.splitlines() if " BROKEN" in said]
    assert [said for said in broken if said.startswith(contract)], found.stdout


@pytest.mark.parametrize(
    "line",
    [
        "from datetime import datetime\n\nNOW = datetime.now()",
        "import time\n\nNOW = time.time()",
        "import pickle\n\nDUMP = pickle.dumps",
        "import numpy as np\n\nnp.random.seed(1)",
    ],
)
def test_the_clock_and_chance_are_kept_out_of_the_inner_rooms(copy, line):
    (copy / "modes" / "planted.py").write_text(f'"""Planted."""\n\n{line}\n')
    found = ruff(copy, "modes/planted.py")
    assert "TID251" in found.stdout


def test_constraints_are_those_of_the_lock():
    locked = {}
    for entry in (ROOT / "uv.lock").read_text().split("[[package]]")[1:]:
        fields = dict(part.split(" = ", 1) for part in entry.splitlines() if " = " in part and not part.startswith(" "))
        locked[fields["name"].strip('"')] = fields.get("version", "").strip('"')
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split(" ;")[0].split("==") for line in lines if "==" in line)
    assert pins
    assert {name: locked.get(name) for name in pins} == {name: version.strip() for name, version in pins.items()}
