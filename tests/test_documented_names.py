"""Python names and paths that the pages show exist: the twin of tests/cli/test_documented_commands.py."""

import importlib
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "vection"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PACKAGES = sorted(place.parent.name for place in SOURCE.glob("*/__init__.py"))
SETTINGS = ("data", "training")
"""Groups of a recipe's settings, which dotted names may mean as well as packages."""


def names(page: Path) -> set[str]:
    """Dotted names, of `vection` or of one of its packages."""
    text = page.read_text(encoding="utf-8")
    whole = re.findall(r"\bvection(?:\.[A-Za-z_]\w*)+", text)
    short = re.findall(rf"`((?:{'|'.join(set(PACKAGES) - set(SETTINGS))})(?:\.[A-Za-z_]\w*)+)(?:\(.*?\))?`", text)
    dotted = {*whole, *(f"vection.{name}" for name in short)}
    return {name for name in dotted if not name.endswith((".json", ".npz"))}


def paths(page: Path) -> set[str]:
    """Paths of the project in spans of code: files of Python, and what lies below one of its folders."""
    spans = re.findall(r"`([^`\s]+)`", page.read_text(encoding="utf-8"))
    folders = ("src", "tests", "docs", "benchmarks")
    below = {span for span in spans if span.split("/")[0] in folders and "/" in span}
    rooms = {span for span in spans if span.endswith("/") and span.split("/")[0] in PACKAGES}
    return below | rooms | {span for span in spans if span.endswith(".py")}


def exists(name: str) -> bool:
    """Whether a dotted name can be imported; the longest beginning that is a module is taken as one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        module = ".".join(parts[:count])
        try:
            found = importlib.util.find_spec(module)
        except (ModuleNotFoundError, AttributeError):
            continue
        if found is None:
            continue
        value: object = importlib.import_module(module)
        for part in parts[count:]:
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_exist(page: Path) -> None:
    assert [name for name in sorted(names(page)) if not exists(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    shown = sorted(path for path in paths(page) if not re.search(r"[A-Z]{2,}|\*|\.\.\.", path))
    places = (ROOT, SOURCE, page.parent)
    assert [path for path in shown if not any((place / path).exists() for place in places)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_names_and_paths_are_found() -> None:
    assert len({name for page in PAGES for name in names(page)}) > 15
    assert len({path for page in PAGES for path in paths(page)}) > 15


def test_what_does_not_exist_is_noticed() -> None:
    assert not exists("vection.geometry.warp.wrap")
    assert not exists("vection.geometrie")
    assert exists("vection.geometry.warp.sample")
    assert exists("vection.evaluation.DepthProtocol.describe")
