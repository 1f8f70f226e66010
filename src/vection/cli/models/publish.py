"""`vection publish`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.flags import as_flags
from vection.cli.notes import note
from vection.files import json_text

EXAMPLES = (
    'vection publish runs/first published/first --licence cc-by-4.0 --trained-on "Two hours of my own dash camera"',
    'vection publish runs/first hf://owner/name --licence cc-by-4.0 --trained-on "Two hours of my own dash camera"',
    "vection predict hf://owner/name drive.mp4 --out predictions/drive",
)


@dataclass(frozen=True)
class Publish:
    """Write a model for others: weights as safetensors, settings as JSON, and a card that states data, licence, unit,
    scale and scores; in a folder to look at, or on the Hugging Face Hub (log in with: hf auth login).

    Paths of this machine are left out, and nothing is published that still names one. Every command that takes a run
    folder takes what was published, by its folder or by hf://OWNER/NAME@REVISION.
    """

    run: Positional[Path]
    """Run folder or checkpoint folder."""
    to: Positional[str]
    """A folder to write, or hf://OWNER/NAME."""
    licence: str
    """Licence of the model, by the Hub's identifier: apache-2.0, cc-by-4.0, cc-by-nc-4.0, other."""
    trained_on: str
    """What it learned from, in a sentence, with the terms of data that are not your own."""
    checkpoint: str | None = None
    """Which of the run's checkpoints: best, last, or the steps of a snapshot; the recipe's choice if not given."""
    public: bool = False
    """Make a new model visible to everyone, instead of to its owner alone; one that is there stays as it is."""
    json: bool = False
    """Print one line of JSON."""


def run(arguments: Sequence[str]) -> None:
    """Publish and say where."""
    options = parse(Publish, arguments, command="publish", examples=EXAMPLES)
    from vection.runs.publishing.publish import publish

    published = publish(
        options.run,
        options.to,
        licence=options.licence,
        trained_on=options.trained_on,
        checkpoint=options.checkpoint,
        public=options.public,
    )
    remarks = [as_flags(remark) for remark in published.remarks]
    if options.json:
        print(json_text({"place": published.place, "remarks": remarks}))
        return
    for remark in remarks:
        note("note", remark)
    say(published.place)
