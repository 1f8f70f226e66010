"""`vection predict` of a video by this checkout and by others, in turns: time, memory, and whether the numbers agree.

    git worktree add /tmp/old ed09e70
    python benchmarks/prediction_speed.py runs/first drive.mp4 /tmp/old/src --also --engine openvino/depth.xml

Decoding, networks and writing are all in it. The clock tells what two cores together save; processor time is disturbed
less by other work on the machine. The first checkout is this one, and the others must read the run.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

HERE = Path(__file__).parents[1] / "src"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("video", type=Path)
    parser.add_argument("sources", nargs="+", type=Path, help="src folders of other checkouts")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--also", nargs=argparse.REMAINDER, default=[], help="arguments of a further run of this one")
    options = parser.parse_args()
    variants = {str(source): (source, []) for source in options.sources} | {"this checkout": (HERE, [])}
    if options.also:
        variants[f"this checkout {' '.join(options.also)}"] = (HERE, options.also)
    with tempfile.TemporaryDirectory() as folder:
        measured: dict[str, list[tuple[float, float, float]]] = {name: [] for name in variants}
        places = {name: Path(folder) / str(number) for number, name in enumerate(variants)}
        for _ in range(options.rounds):
            for name, (source, arguments) in variants.items():
                shutil.rmtree(places[name], ignore_errors=True)
                measured[name].append(predict(source, options.run, options.video, places[name], arguments))
        first = next(iter(variants))
        print("| clock s | processor s | times as fast (clock, processor) | MiB | largest relative difference of depth")
        for name, times in measured.items():
            clock, processor, memory = np.median(times, axis=0)
            ratios = np.median(np.divide(measured[first], times), axis=0)
            error = largest_difference(places[first], places[name])
            faster = f"{ratios[0]:.2f}, {ratios[1]:.2f}"
            print(f"{name} | {clock:.1f} | {processor:.1f} | {faster} | {memory:.0f} | {error:.1e}")


def predict(source: Path, run: str, video: Path, out: Path, arguments: list[str]) -> tuple[float, float, float]:
    """Return the seconds that the clock and the processors say, and the most memory in MiB."""
    command = [sys.executable, "-m", "vection", "predict", run, str(video), "--out", str(out), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    start = perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{source}: predict failed")
    return perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def largest_difference(one: Path, other: Path) -> float:
    names = sorted(path.name for path in (one / "depth").glob("*.npy"))
    assert names == sorted(path.name for path in (other / "depth").glob("*.npy"))
    return max(
        float(np.abs(np.load(other / "depth" / name) / np.load(one / "depth" / name) - 1).max()) for name in names
    )


if __name__ == "__main__":
    main()
