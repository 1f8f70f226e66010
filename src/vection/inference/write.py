"""The prediction folder: depth, motion and classes as NPY and PNG, a colour video, the path, and their list."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vection.arrays import AnyArray, DepthMap, FlowMap, Pose, Unit
from vection.data.clips.image_file import write_map, write_rgb
from vection.errors import DataError, UsageError
from vection.files import check_own, whole_folder, write_text
from vection.formats.camera_path import KITTI_FILE, TUM_FILE, kitti_text, tum_text
from vection.formats.prediction_folder import (
    OWN_NAMES,
    Part,
    PredictedFrame,
    PredictionList,
    file_of,
    is_prediction_folder,
    write_prediction_list,
)
from vection.formats.window import Window
from vection.inference.ahead import map_ahead
from vection.inference.colour import (
    Samples,
    SpreadSamples,
    colour_range,
    sample_inverse_depth,
)
from vection.inference.motion.scene_flow import scene_flow as derive_scene_flow
from vection.inference.motion.source import describe_motion, weak_motion
from vection.inference.observe import ObservedFrame
from vection.inference.picture_files import IMAGES, WRITERS, write_colours, write_pictures
from vection.inference.prediction import Prediction
from vection.inference.window_rule import WindowRule
from vection.locks import sweep


@dataclass
class _Written:
    """What is known after the first pass over the frames."""

    frames: list[PredictedFrame] = field(default_factory=list)
    poses: list[Pose] = field(default_factory=list)
    samples: SpreadSamples = field(default_factory=SpreadSamples)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    """Height and width of the images."""
    unit: Unit = "up-to-scale"
    scale_source: str = ""

    @property
    def windows(self) -> list[Window | None]:
        """What was seen of each frame."""
        return [frame.window for frame in self.frames]

    @property
    def short_unit(self) -> str:
        """The unit as it stands behind a number."""
        return "m" if self.unit == "metres" else self.unit


@dataclass(frozen=True)
class _Parts:
    """What is written."""

    depth: bool
    png: bool
    video: bool
    scene_flow: bool


def write_predictions(
    predictions: Iterable[Prediction],
    folder: Path,
    *,
    model: str,
    model_state: str | None = None,
    frames_from: str = "",
    settings: str | None = None,
    depth: bool = True,
    png: bool = True,
    video: bool = True,
    scene_flow: bool = False,
    pictures: Iterable[ObservedFrame] | None = None,
    rule: WindowRule | None = None,
    faults: Callable[[], list[str]] = list,
    overwrite: bool = False,
) -> Path:
    """Write a prediction folder in one step and return it: it is there whole or not at all.

    `depth` can be left out; the path, pictures and masks of such a folder can still be read. Frames of several sizes
    have no video and no path: they are written where `video` is false and no prediction has a pose. Object flow, motion
    masks and classes are written where predictions have them; `scene_flow` derives and writes that too, which needs
    motion and intrinsics; `pictures` are what `Observer.observe` sees in the same frames. `video` writes colours: a
    video, or of a single frame a picture. `model_state` says how the model was, `frames_from` where the frames lie,
    `settings` what was asked for, `rule` which part of the frames networks saw, and at which size, and `faults`, which
    is called in the end, what was wrong with them. With `overwrite` an older prediction folder is replaced, and nothing
    else ever is. Raises UsageError if the folder exists or cannot be written, or if scene flow or pictures cannot be
    had, DataError if there are no frames, or several sizes where there must be one.
    """
    parts = _Parts(depth, png, video, scene_flow)
    check_writable(folder, overwrite=overwrite)
    with whole_folder(folder, overwrite=overwrite) as temporary:
        written = _write_frames(predictions, temporary, parts=parts)
        legends = {} if pictures is None else write_pictures(pictures, temporary, unit=written.short_unit, video=video)
        warnings = [f"{fault[:1].upper()}{fault[1:]}." for fault in faults()]
        if rule is not None:
            warnings.append(rule.warning(written.sizes, written.windows))
        warnings.append(weak_motion(frame.motion_source for frame in written.frames))
        warning = " ".join(filter(None, warnings))
        about = {"model": model, "model_state": model_state, "frames_from": frames_from}
        about |= {"warning": warning, "settings": settings}
        _write_rest(written, temporary, about=about, video=video, legends=legends)
    return folder


def check_writable(folder: Path, *, overwrite: bool = False) -> None:
    """Raise the UsageError that `write_predictions` would, before any frame is computed."""
    sweep(folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not overwrite:
        raise UsageError(f"{folder} exists already; choose another place or allow overwriting.")
    if not is_prediction_folder(folder):
        raise UsageError(f"{folder} is no prediction folder, so it is not overwritten; choose another place.")
    check_own(folder, OWN_NAMES, kind="a prediction")


def write_depth_png(path: Path, depth: DepthMap) -> None:
    """Write depth * 256 as 16-bit PNG, KITTI's format: 0 where there is none, clipped at 255.99."""
    known = np.isfinite(depth) & (depth > 0)
    # A known depth never becomes 0, which would mean none.
    stored = np.where(known, np.clip(np.round(np.where(known, depth, 0) * 256), 1, 65535), 0).astype(np.uint16)
    _write_array(path, stored)


def _write_frames(predictions: Iterable[Prediction], folder: Path, *, parts: _Parts) -> _Written:
    written = _Written()
    if parts.video:
        (folder / IMAGES).mkdir()
    names: set[str] = set()

    def checked() -> Iterator[Prediction]:
        for prediction in predictions:
            _check(prediction, written, names, video=parts.video)
            if prediction.T_camera_to_world is not None:
                written.poses.append(prediction.T_camera_to_world)
            yield prediction

    write = partial(_write_frame, folder=folder, parts=parts)
    for frame, sample in map_ahead(write, checked(), workers=WRITERS, ahead=2 * WRITERS):
        written.frames.append(frame)
        if sample is not None:
            written.samples.add(sample)
    if not written.frames:
        raise DataError("There are no frames to predict.")
    if parts.scene_flow and len(written.frames) > 1 and not any(frame.scene_flow for frame in written.frames):
        raise UsageError("There is no scene flow: this model knows no motion, or the path was left out.")
    return written


def _write_frame(prediction: Prediction, *, folder: Path, parts: _Parts) -> tuple[PredictedFrame, Samples | None]:
    """Write the files of one frame; return how the list names it, and inverse depths for the video's range."""
    if parts.depth:
        _write_array(folder / file_of("depth", prediction.name), prediction.depth)
    elif parts.video:
        with np.errstate(over="ignore"):  # what is farther than 65504 is beyond every colour
            _write_array(folder / IMAGES / f"{prediction.name}.npy", prediction.depth.astype(np.float16))
    if parts.png:
        write_depth_png(folder / file_of("png", prediction.name), prediction.depth)
    if parts.video:
        write_rgb(folder / IMAGES / f"{prediction.name}.jpg", prediction.image)
    frame = _write_maps(prediction, folder, parts=parts)
    return frame, sample_inverse_depth(prediction.depth) if parts.video else None


def _write_maps(prediction: Prediction, folder: Path, *, parts: _Parts) -> PredictedFrame:
    """Write what the prediction has beside depth; return the frame as the list names it."""
    arrays: dict[Part, AnyArray | None] = {"object_flow": prediction.object_flow}
    if parts.scene_flow and prediction.T_to_next is not None:
        arrays["scene_flow"] = _scene_flow(prediction, prediction.T_to_next)
    mask = prediction.motion_mask
    arrays["motion_mask"] = None if mask is None else np.round(mask * 255).astype(np.uint8)
    arrays["classes"] = prediction.classes
    files = {part: file_of(part, prediction.name) for part, array in arrays.items() if array is not None}
    for part, file in files.items():
        _write_array(folder / file, np.asarray(arrays[part]))
    return PredictedFrame(
        name=prediction.name,
        file=file_of("depth", prediction.name) if parts.depth else None,
        seconds=prediction.seconds,
        intrinsics=prediction.intrinsics,
        intrinsics_learned=prediction.intrinsics_learned or None,
        object_flow=files.get("object_flow"),
        scene_flow=files.get("scene_flow"),
        motion_mask=files.get("motion_mask"),
        classes=files.get("classes"),
        motion_source=prediction.motion_source,
        window=prediction.window,
    )


def _write_array(path: Path, array: AnyArray) -> None:
    """Write a map as .npy or .png, whichever `path` says."""
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array, allow_pickle=False)
    else:
        write_map(path, array)


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


def _check(prediction: Prediction, written: _Written, names: set[str], *, video: bool) -> None:
    size = prediction.depth.shape[:2]
    if not written.sizes:
        written.unit, written.scale_source = prediction.unit, prediction.scale_source
    written.sizes.add((size[0], size[1]))
    if len(written.sizes) > 1 and (video or prediction.T_camera_to_world is not None):
        raise DataError(
            f"'{prediction.name}' is {size[1]}x{size[0]}, frames before it are of another size; images of several"
            " sizes have neither video nor path: predict them with `path=False` and `video=False`."
        )
    if prediction.name in names or "/" in prediction.name:
        raise DataError(f"The frame name '{prediction.name}' occurs twice or contains '/'.")
    names.add(prediction.name)


def _write_rest(
    written: _Written, folder: Path, *, about: Mapping[str, Any], video: bool, legends: Mapping[str, str]
) -> None:
    seconds = [frame.seconds for frame in written.frames]
    if video:
        write_colours(written.frames, folder, limits=colour_range(written.samples), unit=written.short_unit)
    only_cuts = len(written.frames) > 1 and all(frame.motion_source == "cut" for frame in written.frames[:-1])
    if len(written.poses) == len(written.frames) and not only_cuts:
        write_text(folder / TUM_FILE, tum_text(written.poses, seconds))
        write_text(folder / KITTI_FILE, kitti_text(written.poses))
    height, width = next(iter(written.sizes)) if len(written.sizes) == 1 else (None, None)
    predictions = PredictionList(
        unit=written.unit,
        frames=tuple(written.frames),
        scale_source=written.scale_source,
        width=width,
        height=height,
        motion=describe_motion(frame.motion_source for frame in written.frames) if len(written.frames) > 1 else "",
        pictures=dict(legends),
        **about,
    )
    write_prediction_list(folder, predictions)
