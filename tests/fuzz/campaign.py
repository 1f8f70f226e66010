"""Fuzz readers and commands: python -m tests.fuzz.campaign --cases 10000 --seed 1 --out fuzz (make fuzz)."""

import argparse
import contextlib
import gc
import json
import math
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import cv2
import numpy as np
from tests.fuzz.case import complaint, files_below, run
from tests.fuzz.more_targets import MORE_TARGETS
from tests.fuzz.mutations import mutate
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

from vection.cli.main import main as program


@dataclass(frozen=True)
class Found:
    """One case and how it ended."""

    target: str
    seed: int
    damage: str
    code: int
    seconds: float
    complaint: str
    """What is wrong; empty if nothing is."""


def fuzz(target: Target, seeds: range, *, keep: Path | None = None) -> Iterator[Found]:
    """Damage the inputs of a target once for each seed and run its command; keep the inputs of those that fail."""
    with tempfile.TemporaryDirectory() as place:
        valid = Path(place) / "valid"
        valid.mkdir()
        cv2.setNumThreads(1)  # OpenCV waits for ever where threads of its own are gone after a fork
        target.write(valid)
        whole = Path(place) / "whole"
        shutil.copytree(valid, whole)
        (whole / "tmp").mkdir()
        with contextlib.chdir(whole):  # in this process, so that those forked from it have imported everything
            code = program(target.words)
        gc.freeze()  # what is there stays shared with the forks
        assert code == target.undamaged, f"{target.name} ends with {code} without any damage"
        for seed in seeds:
            folder = Path(place) / "case"
            shutil.copytree(valid, folder, symlinks=True)
            (folder / "tmp").mkdir()
            random = np.random.default_rng(seed)
            file = None if target.change else _choose(target, folder, random)
            words = target.change(target.words, random) if target.change else target.words
            damage = mutate(file, random) if file else repr(words)
            before = files_below(folder)
            damaged = (file, file.read_bytes()) if file else None
            ending = run(words, folder, program)
            wrong = complaint(ending, before, folder, outputs=target.outputs, damaged=damaged)
            if wrong and keep is not None:
                kept = keep / f"{target.name.replace(' ', '-')}-{seed}"
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(folder, kept, symlinks=True)
                if damaged:
                    (kept / damaged[0].relative_to(folder)).write_bytes(damaged[1])
            shutil.rmtree(folder)
            yield Found(target.name, seed, damage, ending.code, ending.seconds, wrong)


def _choose(target: Target, folder: Path, random: np.random.Generator) -> Path:
    files = sorted({file for pattern in target.damaged for file in folder.glob(pattern) if file.is_file()})
    return files[int(random.integers(len(files)))]


def main() -> int:
    """Run a campaign and print its counts; 1 if a case failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=math.inf, help="after which the next target has its turn")
    parser.add_argument("--only", default="", help="targets whose names contain this")
    parser.add_argument("--after", default="", help="begin with the target after this one")
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="folder for failing cases and the table")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    targets = [target for target in (*TARGETS, *MORE_TARGETS) if options.only in target.name]
    names = [target.name for target in targets]
    targets = targets[names.index(options.after) + 1 if options.after else 0 :]
    each = -(-options.cases // len(targets))
    failed = 0
    print("| target | cases | done | refused | failed | slowest, s |\n|---|---|---|---|---|---|")
    with (options.out / "failures.jsonl").open("a", encoding="utf-8") as log:
        for target in targets:
            counts: Counter[str] = Counter()
            slowest = 0.0
            first, began = options.seed * 1_000_003, monotonic()
            for found in fuzz(target, range(first, first + each), keep=options.out):
                counts["failed" if found.complaint else "done" if found.code == 0 else "refused"] += 1
                slowest = max(slowest, found.seconds)
                if found.complaint:
                    log.write(json.dumps(vars(found)) + "\n")
                    log.flush()
                if monotonic() > began + options.seconds:
                    break
            failed += counts["failed"]
            numbers = " | ".join(str(counts[name]) for name in ("done", "refused", "failed"))
            print(f"| {target.name} | {counts.total()} | {numbers} | {slowest:.1f} |", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
