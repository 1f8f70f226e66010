"""Interrupt commands and spoil their disks: python -m tests.kills.campaign --cases 1000 --seed 0 (make kills)."""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.kills.faults import FAULTS, Reference, in_peace
from tests.kills.scenarios import SCENARIOS


def case(reference: Reference, fault: str, seed: int) -> str:
    """Return what is wrong with one case; empty if nothing is."""
    return FAULTS[fault](reference, random.Random(f"{reference.scenario.name} {fault} {seed}"))


def main() -> int:
    """Run a campaign and print its counts; 1 if a case failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="scenarios whose names contain this")
    parser.add_argument("--faults", nargs="+", choices=list(FAULTS), default=["kill"])
    parser.add_argument("--log", type=Path, default=Path("kills.jsonl"), help="file to which failures are appended")
    options = parser.parse_args()
    scenarios = [scenario for scenario in SCENARIOS if options.only in scenario.name]
    each = -(-options.cases // (len(scenarios) * len(options.faults)))
    failed = 0
    print(f"| command | {' | '.join(options.faults)} | failed |\n|{'---|' * (len(options.faults) + 2)}")
    for scenario in scenarios:
        counts: Counter[str] = Counter()
        with tempfile.TemporaryDirectory() as place, options.log.open("a", encoding="utf-8") as log:
            reference = in_peace(scenario, Path(place))
            for fault in options.faults:
                for number in range(each):
                    seed = options.seed * 1_000_003 + number
                    wrong = case(reference, fault, seed)
                    counts[fault] += 1
                    if wrong:
                        counts["failed"] += 1
                        found = {"command": scenario.name, "fault": fault, "seed": seed, "wrong": wrong}
                        log.write(json.dumps(found) + "\n")
                        log.flush()
        failed += counts["failed"]
        numbers = " | ".join(str(counts[fault]) for fault in options.faults)
        print(f"| {scenario.name} | {numbers} | {counts['failed']} |", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
