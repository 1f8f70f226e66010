"""Speed of the synthetic world: rendering alone, and writing clip folders. One thread."""

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter, process_time

import cv2

from vection.data.synthetic import render_drive, street, write_drive
from vection.data.synthetic.rendering.render import make_world

SIZES = ((192, 64), (416, 128), (640, 192))


def render_speed(width: int, height: int, *, frames: int, antialias: bool) -> tuple[float, float]:
    """Return seconds to make a world and frames a second afterwards, both of CPU time (other work does not count)."""
    settings = street(width=width, height=height, frames=frames, antialias=antialias)
    start = process_time()
    make_world(settings, seed=0)
    making = process_time() - start
    start = process_time()
    for _ in render_drive(settings, seed=0):
        pass
    return making, frames / (process_time() - start - making)


def write_one(job: tuple[str, int, int]) -> None:
    """Write one clip of a batch, in a worker process."""
    folder, seed, frames = job
    cv2.setNumThreads(1)
    write_drive(Path(folder) / f"clip_{seed}", street(frames=frames), seed=seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{'size':>9} {'rays/px':>8} {'world s':>8} {'frames/s':>9} {'Mpixel/s':>9}")
    for width, height in SIZES:
        for antialias in (True, False):
            making, rate = render_speed(width, height, frames=arguments.frames, antialias=antialias)
            rays = 4 if antialias else 1
            print(f"{width:>5}x{height:<3} {rays:>8} {making:>8.2f} {rate:>9.1f} {rate * width * height / 1e6:>9.2f}")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(arguments.processes) as pool:
        jobs = [(folder, seed, arguments.frames) for seed in range(2 * arguments.processes)]
        start = perf_counter()
        list(pool.map(write_one, jobs))
        rate = len(jobs) * arguments.frames / (perf_counter() - start)
    print(f"write_drive at 416x128 in {arguments.processes} processes, worlds and truth included: {rate:.1f} frames/s")


if __name__ == "__main__":
    main()
