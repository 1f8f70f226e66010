"""`vection splits`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table
from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import print_table, say
from vection.cli.notes import note
from vection.files import json_text

EXAMPLES = (
    "vection splits",
    "vection splits eigen-zhou --data /data/kitti",
    "vection splits my_lists/ --json",
)


@dataclass(frozen=True)
class Splits:
    """List the published splits; with the name or the folder of one, count its lists and say what they share.

    A name's lists are looked for in DATA/splits, else downloaded once into the cache and checked by their hash; those
    without an address that could be vouched for come from DATA/splits only.
    """

    split: Positional[str | None] = None
    """Name of a published split, a folder with train_files.txt, val_files.txt, test_files.txt, or a list file."""
    data: Path | None = None
    """The data set's folder, whose subfolder splits may hold the lists."""
    json: bool = False
    """Print JSON."""


def run(arguments: Sequence[str]) -> None:
    """Print the names, or the check of one split."""
    options = parse(Splits, arguments, command="splits", examples=EXAMPLES)
    from vection.data.splits.check import check_split
    from vection.data.splits.published import NAMED, find_split, split_name

    if options.split is None:
        _print_names(as_json=options.json)
        return
    files = find_split(options.split, near=options.data)
    named = NAMED.get(split_name(options.split))
    missing = {}
    if named is not None and "" not in files:
        missing = {part: published for part, published in named.lists.items() if part not in files}
    check = check_split(files)
    if options.json:
        print(json_text({**asdict(check), "missing": [*missing], "warnings": check.warnings}))
        return
    table = Table("list", "lines", "frames", "drives", "as published", "file")
    for part in check.parts:
        words = {True: "yes", False: "NO", None: "unknown"}[part.published]
        table.add_row(part.part or "-", str(part.lines), str(part.frames), str(part.drives), words, str(part.file))
    print_table(table)
    for shared in check.overlaps:
        counts = f"{shared.lines} lines, {shared.frames} frames, {shared.drives} drives"
        say(f"{shared.first} and {shared.second} share {counts}")
    if named is not None and missing:
        say(f"not found: {', '.join(published.where for published in missing.values())}; get them from {named.source}")
    for warning in check.warnings:
        note("warning", warning)


def _print_names(*, as_json: bool) -> None:
    from vection.data.splits.published import NAMED

    if as_json:
        print(json_text([{"name": name} | asdict(named) for name, named in NAMED.items()]))
        return
    for name, named in NAMED.items():
        lists = ", ".join(f"{part} {file_list.lines or ''}".strip() for part, file_list in named.lists.items())
        fetched = [file_list.sha256 is not None for file_list in named.lists.values()]
        origin = (
            "downloaded" if all(fetched) else f"{'partly ' if any(fetched) else ''}from your folder: {named.source}"
        )
        say(f"{name:<18} {named.about}\n{'':<18} {lists} ({origin})")
