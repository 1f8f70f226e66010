"""The floor plan stays readable: no crowded folder, no long file or function, and annotations on everything."""

import ast
from collections.abc import Iterator
from pathlib import Path

import vection

ROOT = Path(vection.__file__).parent
MOST_FILES = 16
MOST_LINES = 300
LONGEST_FUNCTION = 60


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{path.relative_to(ROOT)}: {node.name}", node


def test_no_folder_is_crowded():
    crowded = {path for path in [ROOT, *ROOT.rglob("*/")] if len(list(path.glob("*.py"))) > MOST_FILES}
    assert crowded == set()


def test_no_file_is_long():
    assert {
        path for path in ROOT.rglob("*.py") if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    } == set()


def test_no_function_is_long():
    assert {name for name, node in functions() if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION} == set()


def test_every_function_is_annotated():
    def is_annotated(node: ast.FunctionDef) -> bool:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        named = [one for one in arguments if one is not None and one.arg not in ("self", "cls")]
        return node.returns is not None and all(one.annotation is not None for one in named)

    assert {name for name, node in functions() if not is_annotated(node)} == set()


def test_every_package_says_what_it_is():
    assert {
        path for path in ROOT.rglob("__init__.py") if not path.read_text(encoding="utf-8").startswith('"""')
    } == set()
