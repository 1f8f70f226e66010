"""Does the score without labels rank checkpoints as AbsRel against the truth does? Both, and their rank correlation.

    python benchmarks/label_free_score.py --checkpoints runs/first/checkpoints --clips clips/held_out
    python benchmarks/label_free_score.py --checkpoints runs/first runs/second --clips --shared ../shared/data

`--checkpoints` are checkpoint folders, or folders that hold some below them. Clips of `--clips` hold true depth;
unless it holds measured geometry, it is measured in its frames. `--shared` adds `kitti_raw` (7 frames, laser), measured
832 pixels wide and stored 416 wide. Each checkpoint predicts the stored frames.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import tyro
from measured_geometry import STORED_WIDTH, kitti
from scipy.stats import spearmanr

from vection.data.clips.folder import (
    ClipInfo,
    FrameInfo,
    find_clips,
    natural_key,
    read_clip,
    read_rgb,
    write_clip,
    write_rgb,
)
from vection.data.clips.resizing import resize_camera, resize_image
from vection.data.measure.clip import measure_clip, stored_frames
from vection.data.measure.sequence import measure_sequence
from vection.errors import UsageError
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocol import ALL, DepthProtocol
from vection.evaluation.depth.protocols import KITTI_EIGEN, MEASURED, SYNTHETIC
from vection.evaluation.predictions.in_memory import predictions_in_memory
from vection.evaluation.predictions.kinds import PredictionReader
from vection.evaluation.truth.measured import measured_truth
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet, clip_truth, truths_in_memory
from vection.formats.checkpoint import CONFIG, find_checkpoint
from vection.formats.measured_geometry import is_measured
from vection.inference.predictor import Predictor
from vection.runs.load import load_predictor

LASER = replace(KITTI_EIGEN, name="laser", ground_truth="laser", images=None)
ENOUGH = 12
"""Checkpoints that a correlation should rest on."""


@dataclass(frozen=True)
class Arguments:
    """Predict, score, print."""

    checkpoints: tuple[Path, ...]
    clips: tuple[Path, ...] = ()
    """Clip folders, or folders of them."""
    shared: Path | None = None
    """Folder with `kitti_raw`."""
    device: str = "cpu"


@dataclass(frozen=True)
class Case:
    """Frames whose depth is measured and known."""

    name: str
    measured: TruthSet
    true: TruthSet
    protocol: DepthProtocol
    """Of the truth."""


def main(arguments: Arguments) -> None:
    """Print a row for each checkpoint and the correlations below."""
    cv2.setNumThreads(1)
    checkpoints = list(dict.fromkeys(found for place in arguments.checkpoints for found in below(place)))
    with tempfile.TemporaryDirectory() as temporary:
        cases = [clip_case(folder) for place in arguments.clips for folder in find_clips(place)]
        cases += [] if arguments.shared is None else [kitti_case(arguments.shared, Path(temporary) / "kitti")]
        if not cases:
            raise UsageError("Give clips with true depth (`--clips`), or `--shared`.")
        header = " | ".join(f"{case.name}: measured | true" for case in cases)
        print(f"| checkpoint | {header} |\n|---|{'---|---|' * len(cases)}")
        print(row("constant depth", [scores(constant(case), case) for case in cases]))
        print(row("true depth, 80 m where unknown", [scores(true_depth(case), case) for case in cases]))
        found = []
        for checkpoint in checkpoints:
            predictor = load_predictor(checkpoint, device=arguments.device)
            found.append([scores(predictions(predictor, case), case) for case in cases])
            print(row(str(checkpoint), found[-1]), flush=True)
    print_correlations(cases, np.array(found))


def print_correlations(cases: Sequence[Case], found: np.ndarray) -> None:
    """Print Spearman's rank correlation of each case; `found` is checkpoint x case x (score, AbsRel, true AbsRel)."""
    if len(found) < 3:
        print(f"{len(found)} checkpoints have no rank correlation; give more")
        return
    few = "" if len(found) >= ENOUGH else f" (fewer than {ENOUGH} tell little)"
    print(f"Rank correlation with true AbsRel of {len(found)} checkpoints{few}:")
    frames = np.array([len(case.measured) for case in cases])
    pooled = np.average(found, axis=1, weights=frames)
    everything = (f"all {frames.sum()} frames", pooled)
    for name, scored in (*zip((case.name for case in cases), found.swapaxes(0, 1), strict=True), everything):
        median, mean = (spearmanr(scored[:, column], scored[:, 2]).statistic for column in (0, 1))
        print(f"{name}: {median:.3f} (of AbsRel against measured depth {mean:.3f})")


def scores(read: PredictionReader, case: Case) -> tuple[float, float, float]:
    """Return the median log error and AbsRel against measured depth, and AbsRel against true depth."""
    measured = evaluate_depth(read, case.measured, MEASURED)
    assert measured.median_log_error is not None
    true = evaluate_depth(read, case.true, case.protocol)
    return measured.median_log_error, *(result.categories[ALL].mean.abs_rel for result in (measured, true))


def predictions(predictor: Predictor, case: Case) -> PredictionReader:
    """Predict every frame of a case once."""
    images = {truth.name: truth.image for truths in (case.measured, case.true) for truth in truths}
    return predictions_in_memory(
        {name: predictor.predict(image).depth for name, image in images.items() if image is not None}
    )


def constant(case: Case) -> PredictionReader:
    """Return the same depth for every frame of a case."""
    names = dict.fromkeys((*case.measured.names, *case.true.names))
    return predictions_in_memory(dict.fromkeys(names, np.ones(case.true.read(case.true.names[0]).depth.shape)))


def true_depth(case: Case) -> PredictionReader:
    """Return the truth: its score is the error of what is measured. Of a laser's sparse depth it says nothing."""
    return predictions_in_memory(
        {truth.name: np.where(truth.depth > 0, truth.depth, np.float32(80)) for truth in case.true}
    )


def clip_case(folder: Path) -> Case:
    """Return a clip that holds true depth; it is measured if it was not."""
    clip = read_clip(folder)
    if not is_measured(folder):
        measure_clip(folder)
    true = clip_truth(folder)
    protocol = SYNTHETIC if true.source in (None, "renderer") else replace(LASER, ground_truth=true.source)
    return Case(clip.name, measured_truth(folder), true, protocol)


def kitti_case(shared: Path, folder: Path) -> Case:
    """Write the frames of `kitti_raw` as a clip, measured in wider ones, beside the laser's depth."""
    case = kitti(shared)[1]
    frames, truths = [], []
    for view, depth in zip(case.views, case.depth, strict=True):
        file, camera = view.args
        image = read_rgb(file)
        size = (round(STORED_WIDTH * image.shape[0] / image.shape[1]), STORED_WIDTH)
        stored = folder / f"frames/{file.stem}.jpg"
        write_rgb(stored, resize_image(image, size))
        intrinsics = resize_camera(camera, from_size=image.shape[:2], to_size=size)
        frames.append(FrameInfo(f"frames/{stored.name}", len(frames) / 10, intrinsics))
        truths.append(GroundTruth(file.stem, depth.astype(np.float32), image=stored, group=case.name))
    clip = ClipInfo(folder, case.name, size[1], size[0], "up-to-scale", "calibration", tuple(frames))
    write_clip(clip)
    measure_sequence(folder, case.views, stored_frames(clip), source="benchmark")
    return Case(case.name, measured_truth(folder), truths_in_memory(truths), LASER)


def below(place: Path) -> list[Path]:
    """Return `place` if it is a checkpoint, or else those below it; UsageError if there is none."""
    found = [folder for folder in (place, *(file.parent for file in place.rglob(CONFIG))) if find_checkpoint(folder)]
    if not found:
        raise UsageError(f"There is no checkpoint at or below {place}.")
    return sorted(dict.fromkeys(found), key=lambda folder: natural_key(str(folder)))


def row(name: str, scores: Sequence[tuple[float, float, float]]) -> str:
    """Return a row of the table."""
    return f"| {name} | {' | '.join(f'{measured:.4f} | {true:.4f}' for measured, _, true in scores)} |"


if __name__ == "__main__":
    main(tyro.cli(Arguments))
