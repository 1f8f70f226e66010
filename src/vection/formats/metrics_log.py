"""The log of a run, `metrics.jsonl`: one event a line, appended while the run goes on."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from vection.errors import DataError
from vection.files import json_text, read_text, write_text
from vection.formats.bounds import Number
from vection.formats.record import KEY, check_format

FORMAT = 1
"""Number of the format that is written; newer ones are refused."""
LABEL_FREE = "measured_log_error"
"""Name of the error against measured depth among the statistics of held-out frames."""


@dataclass(frozen=True)
class Event:
    """One line of the log: means over the steps since the line before."""

    step: int
    loss: Number
    split: str = "train"
    """Which frames the line is about: train or validation."""
    epoch: Number = 0.0
    stage: str = ""
    terms: dict[str, Number] = field(default_factory=dict)
    """The parts of the loss, each with its weight."""
    selection_loss: float | None = None
    """What chooses the best checkpoint, of held-out frames."""
    learning_rate: float | None = None
    samples_per_second: float | None = None
    seconds_data: float | None = None
    """Time that the steps since the line before waited for their batches."""
    seconds_compute: float | None = None
    """Time of forward, backward and update of these steps."""
    depth_statistics: dict[str, Number] = field(default_factory=dict)
    """Statistics of the predicted depth of held-out frames, by name; `abs_rel` is the error against true depth."""
    remarks: tuple[str, ...] = ()
    """What the trainer noticed about these statistics, or since the line before."""
    cameras: dict[int, tuple[Number, ...]] = field(default_factory=dict)
    """fx, fy, cx, cy of each camera that is learned, in pixels of the clips."""


EVENT = TypeAdapter(Event)


def append_event(path: Path, event: Event) -> None:
    """Append one line, whole even if the program is killed next; parts that are empty are left out."""
    content = {KEY: FORMAT} | {name: part for name, part in asdict(event).items() if part not in (None, {}, ())}
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json_text(content) + "\n")


def read_events(path: Path) -> tuple[Event, ...]:
    """Read a log in the order of steps.

    A last line without its end is dropped (the process was killed while it wrote), and of a step logged twice
    (training resumed from before it) the later line counts. Raises UsageError if it cannot be opened, DataError for
    lines that are no events.
    """
    lines = read_text(path, remedy="vection train writes it.").splitlines()
    events: dict[tuple[int, str], Event] = {}
    for number, line in enumerate(lines, start=1):
        event = _event(line, path=path)
        if event is not None:
            events[event.step, event.split] = event
        elif line.strip() and number < len(lines):
            raise DataError(f"Line {number} of {path} is no log event of vection; delete that line.")
    return tuple(sorted(events.values(), key=lambda event: event.step))


def forget_after(path: Path, step: int, *, validated: bool = True) -> None:
    """Drop the lines of later steps, and those that are no events; nothing happens if there is no log.

    Unless `validated`, held-out frames are scored after `step` once more, so the line about them is dropped, too.
    """
    if not path.is_file():
        return
    lines = read_text(path, remedy="vection train writes it.").splitlines()
    events = [(line, _event(line, path=path)) for line in lines]
    kept = [
        line
        for line, event in events
        if event is not None and (event.step < step or (event.step == step and (validated or event.split == "train")))
    ]
    write_text(path, "".join(f"{line}\n" for line in kept))


def _event(line: str, *, path: Path) -> Event | None:
    """Return the event of a line, None if it is none."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    check_format(content, newest=FORMAT, path=path)
    try:
        return EVENT.validate_python(content)
    except ValidationError:
        return None
