"""Names that a package hands out without importing their modules before they are used."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_exports(package: str, modules: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a package; `modules` tells where each name that it hands out is defined.

    A value is a module, or `module:name` where the module calls it otherwise. Where a package imports much, `import`
    would wait for all of it, and fail where an optional part is not installed.
    """

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        module, _, original = modules[name].partition(":")
        value = getattr(importlib.import_module(module), original or name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return find, names
