"""Exported depth networks against plain PyTorch: milliseconds a frame, batch 1, agreement, AbsRel where truth is.

    python benchmarks/exported_networks.py street runs/first --frames drive.mp4 --truth kitti_2015_dev

All variants of a run are measured in turns, frame by frame, so that other work on the machine meets them alike. Time is
processor time, which other work disturbs less than a clock; with two threads it is the clock's. Plain PyTorch is the
method as it was trained: no folding, all heads, images channel by channel.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch

from vection.engines.engine import NetworkEngine
from vection.engines.prepared import prepared
from vection.engines.run_times import open_network
from vection.errors import UsageError
from vection.evaluation.depth.baselines import computed_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import KITTI_2015
from vection.evaluation.truth.truth_set import kitti_2015_truth
from vection.inference.predictor import Predictor
from vection.runs.load import load_predictor
from vection.runs.networks.export import export_network

FILES = (
    ("onnx", "fp32"),
    ("onnx", "int8"),
    ("openvino", "fp32"),
    ("openvino", "bf16"),
    ("openvino", "int8"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--frames", required=True)
    parser.add_argument("--truth", type=Path, help="KITTI 2015, for AbsRel")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    for run in options.runs:
        with tempfile.TemporaryDirectory() as folder:
            files = export_all(run, options.frames, Path(folder))
            predictor = load_predictor(run)
            print(f"\n{run}: {predictor.width}x{predictor.height}")
            for threads in options.threads:
                measure(predictor, files, threads=threads, rounds=options.rounds)
            if options.truth is not None:
                score(run, files, options.truth)


def export_all(run: str, frames: str, folder: Path) -> dict[str, Path]:
    """Export everything; what is refused is said and measured all the same, marked with a star."""
    files = {}
    for to, precision in FILES:
        name = f"{to} {precision}"
        for tolerance in (None, 1e9):
            try:
                (exported,) = export_network(
                    run, to=to, precision=precision, frames=frames, out=folder / name, tolerance=tolerance
                )
            except UsageError as error:
                print(error)
                name = f"{name}*"
                continue
            agreement = exported.agreement
            print(f"{run} {name}: mean difference {agreement.mean:.1e}, largest {agreement.largest:.1e}", flush=True)
            files[name] = exported.file
            break
    return files


def measure(predictor: Predictor, files: dict[str, Path], *, threads: int, rounds: int) -> None:
    torch.set_num_threads(threads)
    method, fast = predictor.method, prepared(predictor.method)
    networks = {name: open_network(file, threads=threads) for name, file in files.items()}
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (1, predictor.height, predictor.width, 3), np.uint8)
    plain = torch.from_numpy(np.ascontiguousarray(image.transpose(0, 3, 1, 2))).float() / 255
    last = plain.contiguous(memory_format=torch.channels_last)
    variants = {
        "PyTorch": lambda: method.predict_depth(plain),
        "PyTorch, as predict runs it": lambda: fast.predict_depth(last),
    } | {name: lambda network=network: network.run({"image": image}) for name, network in networks.items()}
    clock = process_time if threads == 1 else perf_counter
    times: dict[str, list[float]] = {name: [] for name in variants}
    with torch.inference_mode():
        for number in range(rounds + 1):
            for name, call in variants.items():
                start = clock()
                call()
                if number:
                    times[name].append(1000 * (clock() - start))
    print(f"\n{threads} thread{'s' * (threads > 1)} ({'processor' if threads == 1 else 'clock'}) | ms | times as fast")
    for name, values in times.items():
        ratio = np.median(np.divide(times["PyTorch"], values))
        print(f"{name} | {np.median(values):.1f} | {ratio:.2f}", flush=True)


def score(run: str, files: dict[str, Path], truth: Path) -> None:
    truths = kitti_2015_truth(truth)
    print("\ndepth by | AbsRel | change")
    reference = None
    for name, file in {"PyTorch": None, **files}.items():
        predictor = load_predictor(run)
        if file is not None:
            predictor.networks.engine = NetworkEngine(open_network(file), depth_scale=predictor.depth_scale)
        predictions = computed_predictions(predictor.predict, truths, description=name)
        error = evaluate_depth(predictions, truths, KITTI_2015).categories["all"].mean.abs_rel
        reference = reference or error
        print(f"{name} | {error:.4f} | {100 * (error / reference - 1):+.2f} %", flush=True)


if __name__ == "__main__":
    main()
