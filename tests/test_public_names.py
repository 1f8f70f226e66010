"""The names that packages hand out, and how fast they do it.

`tests/public_names.txt` lists them. Who adds or takes one away on purpose writes the list anew, from the root of the
project: `python -m tests.test_public_names > tests/public_names.txt`.
"""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vection

LIST = Path(__file__).with_name("public_names.txt")


def packages() -> list[str]:
    below = pkgutil.walk_packages(vection.__path__, "vection.")
    return ["vection", *(found.name for found in below if found.ispkg)]


def public_names() -> Iterator[str]:
    for package in packages():
        module = importlib.import_module(package)
        yield from (f"{package}.{name}" for name in sorted(getattr(module, "__all__", ())))


def test_public_names_are_those_of_the_list() -> None:
    listed = LIST.read_text(encoding="utf-8").split()
    assert sorted(public_names()) == sorted(listed), __doc__


@pytest.mark.parametrize("package", packages())
def test_every_package_says_what_it_is(package: str) -> None:
    assert importlib.import_module(package).__doc__


@pytest.mark.parametrize("name", LIST.read_text(encoding="utf-8").split())
def test_public_names_exist_and_are_described(name: str) -> None:
    package, _, short = name.rpartition(".")
    module = importlib.import_module(package)
    value = getattr(module, short)
    assert short in dir(module)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__doc__


@pytest.mark.parametrize("package", packages())
def test_lazy_names_are_those_of_the_type_checker(package: str) -> None:
    module = importlib.import_module(package)
    if not hasattr(module, "_MODULES"):
        return
    tree = ast.parse(inspect.getsource(module))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    origins = {
        alias.name: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    others = {
        statement.targets[0].id: statement.value.id for statement in block.body if isinstance(statement, ast.Assign)
    }
    expected = {name: origins[name] for name in origins if name not in others.values()}
    expected |= {name: f"{origins[original]}:{original}" for name, original in others.items()}
    assert expected == module._MODULES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'vection' has no attribute 'trian'"):
        vection.trian  # noqa: B018


def test_import_is_light() -> None:
    """Neither the library nor its help waits for what is large."""
    check = "import sys, vection; sys.exit(int(bool({'torch', 'cv2', 'numpy', 'pydantic'} & set(sys.modules))))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


if __name__ == "__main__":
    sys.stdout.write("\n".join(public_names()) + "\n")
