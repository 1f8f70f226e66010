"""Commands that the pages show exist, with their options, recipes, protocols and data sets; nothing is run."""

import re
import shlex
from pathlib import Path

import pytest

from vection.cli.arguments import dotted_names, flags, override, parse_known
from vection.cli.main import COMMANDS
from vection.cli.models.network_export import EXAMPLES as NETWORK_EXAMPLES
from vection.cli.models.network_export import ExportNetwork, names_network
from vection.data.prepare.data_sets import get_data_set
from vection.evaluation.depth.protocols import PROTOCOLS as DEPTH_PROTOCOLS
from vection.evaluation.depth.protocols import get_protocol
from vection.evaluation.objects.protocol import OBJECT_PROTOCOLS
from vection.evaluation.paths.protocol import ODOMETRY_PROTOCOLS, get_odometry_protocol
from vection.recipes.registry import get_recipe, recipe_names

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name != "cli.md")]
PLACEHOLDER = re.compile(r"[A-Z_]+")
PROTOCOLS = {"evaluate": get_protocol, "odometry": get_odometry_protocol}
OVERRIDING = ("train", "adapt")
"""Commands that take a recipe's settings by their dotted names."""


def shown(page: Path) -> list[tuple[str, bool]]:
    """Commands of a page, and whether they stand in a block of code, where they are whole."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    whole = [(re.split(r"\s#|;|\s&&", line)[0], True) for line in lines if line.startswith("vection ")]
    spans = re.findall(r"`(vection [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return whole + [(" ".join(span.split()), False) for span in spans]


def arguments_of(command: str, words: list[str]) -> type:
    if command == "export" and names_network(words):
        return ExportNetwork
    module = COMMANDS[command].load()
    kind: type = getattr(module, command.capitalize())
    return kind


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shown_commands_exist(page: Path) -> None:
    for text, whole in shown(page):
        check(text, whole=whole)


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_of_the_help_are_whole(command: str) -> None:
    module = COMMANDS[command].load()
    assert module.EXAMPLES
    for example in module.EXAMPLES:
        check(example, whole=True)


def test_examples_of_networks_are_whole() -> None:
    for example in NETWORK_EXAMPLES:
        check(example, whole=True)


def check(text: str, *, whole: bool) -> None:
    """Fail for a command that the program would not understand; of a part of one only the names of options count."""
    command, *words = shlex.split(text.replace("[", "").replace("]", ""))[1:]
    if command == "COMMAND" or command.startswith("--"):
        return
    assert command in COMMANDS, text
    kind = arguments_of(command, words)
    recipe = get_recipe(words[0] if words and words[0] in recipe_names() else "monodepth2")
    if whole and "..." not in words:
        numbers = ["1" if word == "SCALE" else word for word in words]
        parsed, unknown = parse_known(kind, numbers, command=command, examples=())
        check_names(command, vars(parsed))
        if command in OVERRIDING:
            override(recipe, unknown, command=command, see="")
        else:
            assert not unknown, text
    known = flags(kind) + [f"--{name}" for name in dotted_names(recipe) if command in OVERRIDING]
    for word in words:
        if word.startswith("--"):
            assert word.replace("_", "-") in [flag.replace("_", "-") for flag in known], f"{text}: {word}"


def check_names(command: str, values: dict[str, object]) -> None:
    """Names that the program would look up."""
    protocol = values.get("protocol")
    if isinstance(protocol, str) and not PLACEHOLDER.fullmatch(protocol) and protocol not in OBJECT_PROTOCOLS:
        PROTOCOLS[command](protocol)
    recipe = values.get("recipe")
    if isinstance(recipe, str) and not PLACEHOLDER.fullmatch(recipe) and "/" not in recipe:
        get_recipe(recipe)
    data_set = values.get("data_set")
    if isinstance(data_set, str) and data_set != "list":
        get_data_set(data_set)


def test_commands_are_found() -> None:
    assert len([text for page in PAGES for text, _ in shown(page)]) > 60


def test_recipes_of_the_tables_exist() -> None:
    """Whole names, and the endings that stand for them (`-without-...` for some that begin so)."""
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    others = {one.name for one in ODOMETRY_PROTOCOLS} | {"motion-segmentation"}
    for name in re.findall(
        r"`((?:monodepth2|sc-sfmlearner|sgdepth|motion-field|dynamo-depth|-)[a-z0-9.-]*)`", "".join(rows)
    ):
        if name in others or re.match(r"--|-(stereo|one-scale)$", name):
            continue
        part = name.removesuffix("...").rstrip("-")
        assert any(part in recipe for recipe in recipe_names()), name
        if not name.startswith("-") and not name.endswith("..."):
            assert name in recipe_names(), name


def test_protocols_of_the_tables_exist() -> None:
    """Every depth protocol has a row in the page on evaluation."""
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    rows = "".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    beginnings = re.findall(r"`([a-z0-9-]+)`", rows)
    for protocol in DEPTH_PROTOCOLS:
        short = any(f"{one}{end}" == protocol.name for one in beginnings for end in ("", "-stereo", "-one-scale"))
        assert short, protocol.name
