"""Messages of the library name arguments as Python does; the program spells them as it takes them."""

import ast
import re
from pathlib import Path

import pytest

from vection.cli.flags import as_flags

SOURCE = Path(__file__).parents[2] / "src" / "vection"


@pytest.mark.parametrize(
    ("named", "spelled"),
    [
        ("`first_frame`", "--first-frame"),
        ("`factor=-1`", "--factor -1"),
        ("`in_order=True`", "--in-order"),
        ("`resume=False`", "--no-resume"),
        ("`data.labels`", "--data.labels"),
        ("`data.use_classes=True`", "--data.use_classes true"),
        ("`width=96` `height=64`", "--width 96 --height 64"),
        ("`vection predict`", "`vection predict`"),
    ],
)
def test_arguments_become_flags(named: str, spelled: str) -> None:
    assert as_flags(f"Give {named}.") == f"Give {spelled}."


def test_the_library_speaks_of_no_flags() -> None:
    for file in SOURCE.rglob("*.py"):
        if file.is_relative_to(SOURCE / "cli"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
                assert not re.search(r"(?<!\w)(?<!var\()--[a-z]", node.value), f"{file}: {node.value}"
