"""docs/claims.md has a line for every row that the other scripts know, with its recipe and protocols."""

import importlib
from pathlib import Path

import pytest

from vection.recipes.registry import get_recipe

PAGE = (Path(__file__).parents[2] / "docs/claims.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("paper", ["monodepth2", "sc_sfmlearner", "sgdepth", "motion_field", "dynamo_depth"])
def test_each_row_of_a_paper_has_its_line(paper: str):
    rows = importlib.import_module(f"tests.papers.test_{paper}").ROWS
    lines = {
        row: tuple(part.strip() for part in rest.split("|")[:3])
        for row, _, rest in (line[2:].partition(" | ") for line in PAGE.splitlines() if line.startswith("| "))
    }
    for row, (name, *_) in rows.items():
        recipe, protocols, verdict = lines[row]
        assert recipe == f"`{name}`"
        assert all(f"`{protocol}`" in protocols for protocol in get_recipe(name).protocols)
        assert any(word in verdict for word in ("holds", "does not hold", "not decided", "not testable", "small: "))
