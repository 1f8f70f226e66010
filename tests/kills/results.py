"""What a command left, compared with what it leaves in peace."""

import json
import re
from pathlib import Path

TIMES = ("samples_per_second", "seconds_data", "seconds_compute")
"""Parts of a log event that say how fast the machine was."""
OURS = re.compile(r"(^|/)\.(vection|lock-vection|old-vection|measuring|prepare)\b")
"""Names of what is unfinished, which nobody shall see after a command has ended well."""


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder that must be the same, without what tells the time."""
    files = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and "tensorboard" not in path.parts:
            files[name] = _timeless(path)
    return files


def _timeless(path: Path) -> bytes:
    data = path.read_bytes()
    if path.name == "metrics.jsonl":
        events = [json.loads(line) for line in data.splitlines()]
        return "\n".join(
            json.dumps({key: value for key, value in event.items() if key not in TIMES}) for event in events
        ).encode()
    return data


def differences(wanted: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """Return what differs, a few words each."""
    missing = [f"{name} is missing" for name in wanted.keys() - found.keys()]
    more = [f"{name} is left" for name in found.keys() - wanted.keys()]
    other = [f"{name} differs" for name in wanted.keys() & found.keys() if wanted[name] != found[name]]
    return sorted(missing) + sorted(more) + sorted(other)


def leftovers(folder: Path) -> list[str]:
    """Return what is unfinished below a folder, or lies in the folder for temporary files beside it."""
    names = [str(path.relative_to(folder)) for path in folder.rglob("*")]
    temporary = folder.parent / "tmp"
    beside = [str(path.relative_to(folder.parent)) for path in temporary.rglob("*")] if temporary.is_dir() else []
    return [name for name in names if OURS.search(name)] + [name for name in beside if "torchinductor" not in name]


def empty_folders(folder: Path) -> set[str]:
    """Return the folders below a folder that hold nothing."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir() and not any(path.iterdir())}
