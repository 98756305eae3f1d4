"""All sixteen numbered examples of the design (MODES.md, section 7) are tests: which, is told by their marks."""

import ast
import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "decisions" / "0007-examples.md"


def marked() -> dict[int, set[str]]:
    """For each example the tests that hold it, as ``tests/modes/test_value.py::test_the_bar``."""
    found = defaultdict(set)
    for file in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for mark in getattr(node, "decorator_list", ()):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.example":
                    for number in mark.args:
                        found[ast.literal_eval(number)].add(f"{file.relative_to(TESTS.parent)}::{node.name}")
    return found


def test_every_example_is_held():
    assert sorted(marked()) == list(range(1, 17))


def test_the_page_names_them_all_and_nothing_else():
    """A row an example: its number, what it is about, the files its tests are in."""
    rows = re.findall(r"^\| (\d+) \|.*?\| (.*?) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    said = {int(number): set(re.findall(r"`([^`]+\.py)`", files)) for number, files in rows}
    assert said == {number: {one.split("::")[0] for one in names} for number, names in marked().items()}
