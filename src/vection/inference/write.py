"""The prediction folder: depth as NPY and 16-bit PNG, a colour video, the path, and `predictions.json` about it all."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vection.data.clip_folder import read_rgb
from vection.errors import DataError, UsageError
from vection.evaluation.predictions import PREDICTIONS_FILE
from vection.inference.colour import colour_range, sample_inverse_depth
from vection.inference.path import Pose, kitti_text, tum_text
from vection.inference.prediction import DepthMap, Prediction
from vection.inference.video import beside, frame_rate, write_video

FORMAT = 1
IMAGES = ".images"
"""Where the video's images wait for the colour range, which needs all frames; gone in the end."""


@dataclass
class _Written:
    """What is known after the first pass over the frames."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    poses: list[Pose] = field(default_factory=list)
    samples: list[np.ndarray] = field(default_factory=list)
    size: tuple[int, int] | None = None
    unit: str = ""
    scale_source: str = ""


def write_predictions(
    predictions: Iterable[Prediction],
    folder: Path,
    *,
    model: str,
    png: bool = True,
    video: bool = True,
    overwrite: bool = False,
) -> Path:
    """Write a prediction folder in one step and return it: it is there whole or not at all.

    All frames must have one size. With `overwrite` an older prediction folder is replaced, and nothing else ever is.
    Raises UsageError if the folder exists or cannot be written, DataError if there are no frames.
    """
    check_writable(folder, overwrite=overwrite)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise UsageError(f"Cannot write {folder}: {error.strerror}; choose a place that can be written.") from error
    try:
        written = _write_frames(predictions, temporary, png=png, video=video)
        _write_rest(written, temporary, model=model, video=video)
        temporary.chmod(0o755)  # mkdtemp makes it private
        _replace_folder(temporary, folder)
    except OSError as error:
        raise UsageError(f"Cannot write {folder}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def check_writable(folder: Path, *, overwrite: bool = False) -> None:
    """Raise the UsageError that `write_predictions` would, before any frame is computed."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not overwrite:
        raise UsageError(f"{folder} exists already; choose another place or allow overwriting.")
    if not (folder / PREDICTIONS_FILE).is_file():
        raise UsageError(f"{folder} is no prediction folder, so it is not overwritten; choose another place.")


def write_depth_png(path: Path, depth: DepthMap) -> None:
    """Write depth * 256 as 16-bit PNG, KITTI's format: 0 where there is none, clipped at 255.99."""
    known = np.isfinite(depth) & (depth > 0)
    # A known depth never becomes 0, which would mean none.
    stored = np.where(known, np.clip(np.round(np.where(known, depth, 0) * 256), 1, 65535), 0).astype(np.uint16)
    if not cv2.imwrite(str(path), stored):
        raise UsageError(f"Cannot write {path}.")


def _write_frames(predictions: Iterable[Prediction], folder: Path, *, png: bool, video: bool) -> _Written:
    written = _Written()
    for part, wanted in (("depth", True), ("png", png), (IMAGES, video)):
        if wanted:
            (folder / part).mkdir()
    names: set[str] = set()
    for prediction in predictions:
        _check(prediction, written, names)
        file = f"depth/{prediction.name}.npy"
        np.save(folder / file, prediction.depth, allow_pickle=False)
        if png:
            write_depth_png(folder / "png" / f"{prediction.name}.png", prediction.depth)
        if video:
            written.samples.append(sample_inverse_depth(prediction.depth))
            path = folder / IMAGES / f"{prediction.name}.jpg"
            cv2.imwrite(str(path), prediction.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        if prediction.T_camera_to_world is not None:
            written.poses.append(prediction.T_camera_to_world)
        intrinsics = None if prediction.intrinsics is None else list(prediction.intrinsics)
        frame = {"name": prediction.name, "file": file, "seconds": prediction.seconds, "intrinsics": intrinsics}
        written.frames.append(frame)
    if not written.frames:
        raise DataError("There are no frames to predict.")
    return written


def _check(prediction: Prediction, written: _Written, names: set[str]) -> None:
    size = prediction.depth.shape[:2]
    if written.size is None:
        written.size = (size[0], size[1])
        written.unit, written.scale_source = prediction.unit, prediction.scale_source
    if size != written.size:
        expected, found = (f"{width}x{height}" for height, width in (written.size, size))
        raise DataError(f"'{prediction.name}' is {found}, the frames before {expected}; predict each size by itself.")
    if prediction.name in names or "/" in prediction.name:
        raise DataError(f"The frame name '{prediction.name}' occurs twice or contains '/'.")
    names.add(prediction.name)


def _write_rest(written: _Written, folder: Path, *, model: str, video: bool) -> None:
    seconds = [frame["seconds"] for frame in written.frames]
    if video:
        write_video(folder / "depth.mp4", _pictures(written, folder), rate=frame_rate(seconds))
        shutil.rmtree(folder / IMAGES)
    if len(written.poses) == len(written.frames):
        (folder / "path_tum.txt").write_text(tum_text(written.poses, seconds), encoding="utf-8")
        (folder / "path_kitti.txt").write_text(kitti_text(written.poses), encoding="utf-8")
    assert written.size is not None  # set by the first frame
    height, width = written.size
    about = {"format": FORMAT, "unit": written.unit, "scale_source": written.scale_source, "model": model}
    content = {**about, "width": width, "height": height, "frames": written.frames}
    (folder / PREDICTIONS_FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _pictures(written: _Written, folder: Path) -> Iterator[np.ndarray]:
    limits = colour_range(written.samples)
    unit = "m" if written.unit == "metres" else written.unit
    for frame in written.frames:
        image = read_rgb(folder / IMAGES / f"{frame['name']}.jpg")
        yield beside(image, np.load(folder / frame["file"]), limits, legend=f"{limits.legend} {unit}")


def _replace_folder(new: Path, folder: Path) -> None:
    """Rename `new` to `folder`; an older one is moved aside first and deleted last."""
    if not folder.exists():
        new.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    old = folder.rename(aside / folder.name)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
