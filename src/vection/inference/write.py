"""The prediction folder: depth, motion and classes as NPY and PNG, a colour video, the path, and `predictions.json`."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vection.arrays import DepthMap, FlowMap, Pose
from vection.data.clips.folder import read_rgb
from vection.errors import DataError, UsageError
from vection.evaluation.predictions.read import PREDICTIONS_FILE
from vection.inference.colour import colour_depth, colour_range, overlay_mask, sample_inverse_depth
from vection.inference.path import kitti_text, tum_text
from vection.inference.prediction import Prediction
from vection.inference.scene_flow import scene_flow as derive_scene_flow
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

    @property
    def has_masks(self) -> bool:
        """Whether any frame has a motion mask; the last one never has."""
        return any("motion_mask" in frame for frame in self.frames)


@dataclass(frozen=True)
class _Parts:
    """What is written beside the depth."""

    png: bool
    video: bool
    scene_flow: bool


def write_predictions(
    predictions: Iterable[Prediction],
    folder: Path,
    *,
    model: str,
    png: bool = True,
    video: bool = True,
    scene_flow: bool = False,
    overwrite: bool = False,
) -> Path:
    """Write a prediction folder in one step and return it: it is there whole or not at all.

    All frames must have one size. Object flow, motion masks and classes are written where predictions have them;
    `scene_flow` derives and writes that too, which needs motion and intrinsics. With `overwrite` an older prediction
    folder is replaced, and nothing else ever is. Raises UsageError if the folder exists or cannot be written, or if
    scene flow cannot be had, DataError if there are no frames.
    """
    parts = _Parts(png, video, scene_flow)
    check_writable(folder, overwrite=overwrite)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise UsageError(f"Cannot write {folder}: {error.strerror}; choose a place that can be written.") from error
    try:
        written = _write_frames(predictions, temporary, parts=parts)
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


def _write_frames(predictions: Iterable[Prediction], folder: Path, *, parts: _Parts) -> _Written:
    written = _Written()
    for part, wanted in (("depth", True), ("png", parts.png), (IMAGES, parts.video)):
        if wanted:
            (folder / part).mkdir()
    names: set[str] = set()
    for prediction in predictions:
        _check(prediction, written, names)
        file = f"depth/{prediction.name}.npy"
        np.save(folder / file, prediction.depth, allow_pickle=False)
        if parts.png:
            write_depth_png(folder / "png" / f"{prediction.name}.png", prediction.depth)
        if parts.video:
            written.samples.append(sample_inverse_depth(prediction.depth))
            path = folder / IMAGES / f"{prediction.name}.jpg"
            cv2.imwrite(str(path), prediction.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        if prediction.T_camera_to_world is not None:
            written.poses.append(prediction.T_camera_to_world)
        intrinsics = None if prediction.intrinsics is None else list(prediction.intrinsics)
        frame = {"name": prediction.name, "file": file, "seconds": prediction.seconds, "intrinsics": intrinsics}
        written.frames.append(frame | _write_maps(prediction, folder, scene_flow=parts.scene_flow))
    if not written.frames:
        raise DataError("There are no frames to predict.")
    if parts.scene_flow and len(written.frames) > 1 and "scene_flow" not in written.frames[0]:
        raise UsageError("There is no scene flow: this model knows no motion, or the path was left out.")
    return written


def _write_maps(prediction: Prediction, folder: Path, *, scene_flow: bool) -> dict[str, str]:
    """Write what the prediction has beside depth; return the files by the names that `predictions.json` gives them."""
    arrays: dict[str, np.ndarray | None] = {"object_flow": prediction.object_flow}
    if scene_flow and prediction.T_to_next is not None:
        arrays["scene_flow"] = _scene_flow(prediction, prediction.T_to_next)
    mask = prediction.motion_mask
    pictures = {"motion_mask": None if mask is None else np.round(mask * 255).astype(np.uint8)}
    pictures["classes"] = prediction.classes
    files = {part: f"{part}/{prediction.name}.npy" for part, array in arrays.items() if array is not None}
    files |= {part: f"{part}/{prediction.name}.png" for part, picture in pictures.items() if picture is not None}
    for part, file in files.items():
        (folder / part).mkdir(exist_ok=True)
        if part in arrays:
            np.save(folder / file, np.asarray(arrays[part]), allow_pickle=False)
        elif not cv2.imwrite(str(folder / file), np.asarray(pictures[part])):
            raise UsageError(f"Cannot write {folder / file}.")
    return files


def _scene_flow(prediction: Prediction, T_to_next: Pose) -> FlowMap:
    camera = prediction.intrinsics
    if camera is None:
        raise UsageError(
            f"Scene flow needs the camera, and '{prediction.name}' has no intrinsics; predict clip folders"
            " (vection ingest makes them), or leave scene flow out."
        )
    return derive_scene_flow(
        prediction.depth, intrinsics=camera, T_to_next=T_to_next, object_flow=prediction.object_flow
    )


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
        depth = colour_depth(np.load(folder / frame["file"]), limits)
        panels = [(image, ""), (depth, f"{limits.legend} {unit}")]
        if written.has_masks:
            mask = (
                cv2.imread(str(folder / frame["motion_mask"]), cv2.IMREAD_UNCHANGED) if "motion_mask" in frame else None
            )
            over = image if mask is None else overlay_mask(image, np.asarray(mask / 255, np.float32))
            panels.append((over, "moves by itself"))
        yield beside(panels)


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
