"""Losses of the first steps of every debug and synthetic recipe, to the last digit: the proof that a change of the code
is no change of what it computes.

    python benchmarks/debug_losses.py --out before.json     # in the checkout before the change
    python benchmarks/debug_losses.py --against before.json # after it: prints what differs, and exits with 1 then

Runs through the command line alone, with one thread in float32, so that both checkouts need to agree on nothing else.
Equal numbers are to be expected on one machine only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from vection.data.synthetic import drive_settings, write_drive

STAGES = {"dynamo-depth": 4}
SHORT = (
    "monodepth2-demo",
    "sc-sfmlearner-synthetic",
    "sgdepth-synthetic",
    "motion-field-synthetic",
    "dynamo-depth-synthetic",
)
DEBUG = ("monodepth2-debug", "sc-sfmlearner-debug", "sgdepth-debug", "motion-field-debug", "dynamo-depth-debug")

Losses = dict[str, dict[str, float]]
"""By recipe, and by split, step and name of the term."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="JSON file for the losses")
    parser.add_argument("--against", type=Path, help="JSON file of another checkout to compare with")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        losses = measure(Path(folder))
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(losses, indent=1) + "\n")
    if chosen.against is None:
        print(json.dumps(losses, indent=1))
        return 0
    return compare(losses, json.loads(chosen.against.read_text()))


def measure(folder: Path) -> Losses:
    losses = {}
    for names, (width, height) in ((DEBUG, (96, 64)), (SHORT, (192, 64))):
        clips = folder / f"clips_{width}"
        for part, seed in (("train", 1), ("val", 2)):
            drive = drive_settings("street", frames=6, width=width, height=height)
            write_drive(clips / part / "drive", drive, seed=seed)
        for name in names:
            losses[name] = train(name, clips=clips, run=folder / name, short=name in SHORT)
    return losses


def train(recipe: str, *, clips: Path, run: Path, short: bool) -> dict[str, float]:
    """Train and return the logged terms; of a short recipe two steps a stage."""
    stages = STAGES.get(recipe.rpartition("-")[0], 1)
    settings = ["--training.precision", "float32"]
    if short:
        settings += ["--training.steps_per_epoch", "2", "--training.log_every", "1", "--data.batch_size", "2"]
        settings += ["--training.validation_batches", "1"]
        settings += [word for stage in range(stages) for word in (f"--stages.{stage}.epochs", "1")]
    command = ["train", recipe, "--data", str(clips), "--out", str(run), "--device", "cpu", *settings]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    subprocess.run([sys.executable, "-m", "vection", *command], check=True, env=environment, stdout=subprocess.DEVNULL)
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {
        f"{event['split']} {event['step']} {name}": value for event in events for name, value in event["terms"].items()
    }


def compare(losses: Losses, before: Losses) -> int:
    differences = 0
    print(f"{'recipe':<26}{'numbers':>8}{'equal':>8}")
    for recipe in sorted(set(losses) | set(before)):
        now, then = losses.get(recipe, {}), before.get(recipe, {})
        different = sorted(key for key in set(now) | set(then) if now.get(key) != then.get(key))
        print(f"{recipe:<26}{len(now):>8}{len(now) - len(different):>8}")
        for key in different:
            print(f"    {key}: {then.get(key)} -> {now.get(key)}")
        differences += len(different)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
