"""Recipes as plain values, as run folders and checkpoints hold them.

Format 1 (until 2026-11) had the settings of a method in one flat list, and other names for some of them.
"""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vection.errors import UsageError
from vection.formats.record import KEY, check_format
from vection.methods.method import MethodSettings
from vection.names import look_up
from vection.recipes.methods import METHODS
from vection.recipes.recipe import Recipe

FORMAT = 2

_RENAMED_SETTINGS: dict[str, dict[str, str]] = {
    "monodepth2": {"encoder": "depth_network"},
    "sc_sfmlearner": {"pose_network": "ego_motion"},
    "sgdepth": {"encoder": "depth_network"},
    "motion_field": {"encoder": "depth_network"},
    "dynamo_depth": {"depth": "depth_network", "motion": "motion_encoder"},
}
"""Names of settings in format 1, and those of today."""
_RENAMED_PARTS: dict[str, dict[str, str]] = {
    "monodepth2": {"depth_encoder": "depth_network", "depth_decoder": "depth_network"},
    "sgdepth": {"shared": "depth_network", "depth_decoder": "depth_network"},
    "dynamo_depth": {"depth": "depth_network"},
}
"""Names of the parts that stages train in format 1, and those of today."""


@dataclass(frozen=True)
class _Name:
    name: str


@dataclass(frozen=True)
class _Named:
    """The part of a recipe that says of what kind the rest is."""

    method: _Name


@dataclass(frozen=True)
class _Method1:
    name: str = "monodepth2"
    comparison: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Stage1:
    trains: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Format1:
    """What is renamed in a recipe of format 1."""

    method: _Method1 = field(default_factory=_Method1)
    stages: tuple[_Stage1, ...] = ()


def recipe_to_json(recipe: Recipe) -> dict[str, Any]:
    """Return plain values, for JSON."""
    return {KEY: FORMAT, **asdict(recipe)}


def recipe_from_json(values: dict[str, Any], *, path: Path = Path("recipe.json")) -> Recipe:
    """Rebuild and check a recipe, also one of an older format; `path` is the file that held it, for messages.

    Raises DataError for a newer format, UsageError for an unknown method, pydantic.ValidationError that names the wrong
    field.
    """
    version = check_format(values, newest=FORMAT, path=path)
    content = _from_format_1(values) if version == 1 else dict(values)
    content.pop(KEY, None)
    name = TypeAdapter(_Named).validate_python(content).method.name
    entry = look_up(name, METHODS, kind="method")
    method = TypeAdapter(entry.settings).validate_python(content["method"])
    return TypeAdapter(Recipe).validate_python({**content, "method": method})


def check_recipe(recipe: Recipe) -> None:
    """Raise UsageError that names the first setting that no training can have."""
    try:
        recipe_from_json(recipe_to_json(recipe))
    except ValidationError as error:
        first = error.errors()[0]
        group = () if first["loc"][0] in Recipe.__dataclass_fields__ else ("method",)
        name = ".".join(map(str, (*group, *first["loc"])))
        raise UsageError(f"The setting `{name}` is {first['input']!r}; {first['msg']}.") from error
    near, far = (getattr(recipe.method, name, None) for name in ("min_depth", "max_depth"))
    if near is not None and far is not None and near >= far:
        raise UsageError(f"The setting `method.min_depth` is {near}; it must be less than max_depth, {far}.")


def _from_format_1(values: dict[str, Any]) -> dict[str, Any]:
    TypeAdapter(_Format1).validate_python(values)
    method = {"name": "monodepth2", **values.get("method", {})}
    name = method["name"]
    renamed = _RENAMED_SETTINGS.get(name, {})
    method = {renamed.get(key, key): value for key, value in method.items()}
    method |= method.pop("comparison", {})  # how SC-SfMLearner compares frames was a group of its own
    short = {}
    if method.get("mask") == "auto-derotated":
        method["mask"], short = "auto", {"derotated_mask": True}
    if name in METHODS:
        method = _grouped(method, METHODS[name].settings, short=short)
    parts = _RENAMED_PARTS.get(name, {})
    stages = [
        {**stage, "trains": tuple(dict.fromkeys(parts.get(part, part) for part in stage.get("trains", ())))}
        for stage in values.get("stages", ())
    ]
    return {**values, "method": method} | ({"stages": stages} if stages else {})


def _grouped(flat: dict[str, Any], settings: type[MethodSettings], *, short: dict[str, Any]) -> dict[str, Any]:
    """Move settings into the groups (`released`, `short`) that have a field of their name."""
    settings_fields = {field.name: field for field in fields(settings)}
    grouped = {key: value for key, value in flat.items() if key in settings_fields}
    left = {key: value for key, value in flat.items() if key not in settings_fields} | short
    for group in ("released", "short"):
        if group in settings_fields:
            members = {field.name for field in fields(settings_fields[group].default_factory)}  # type: ignore[arg-type]
            grouped[group] = {key: left.pop(key) for key in list(left) if key in members}
    return grouped | left
