"""Camera paths of the frames of many sources, each of a clip divided where it has gaps."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vection.errors import UsageError
from vection.formats.camera_path import CameraPath
from vection.formats.window import seen_words
from vection.inference.motion.source import MotionChoice, describe_motion, weak_motion
from vection.inference.prediction import FramePose
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, FrameSource
from vection.progress import Bars
from vection.runs.prediction.seen import SeenFrames

NO_IMAGE = np.zeros((0, 0, 3), np.uint8)


def predict_paths(
    predictor: Predictor,
    checkpoint: Path,
    sources: Sequence[FrameSource],
    *,
    motion: MotionChoice | None,
    first_frame: int | None,
    divides: bool,
    progress: Bars,
) -> tuple[dict[str, CameraPath], dict[str, str], list[str]]:
    """Return the paths by name, of those that are stretches of a clip with gaps the name of the clip, and warnings.

    A clip is divided at its gaps, and with `divides` where the motion shows a cut. The predictor is that of
    `checkpoint`, and goes by the scale of each source. UsageError for frames that do not follow each other, and for
    gaps beside `first_frame`.
    """
    paths, stretches, warnings = {}, {}, []
    for source in sources:
        seen = SeenFrames(predictor, checkpoint, source)
        seen.have_path = True
        parts: list[list[FramePose]] = []
        before: Frame | None = None
        with progress(f"following {source.name or source.description}") as report:
            for number, step in enumerate(predictor.path(seen, motion=motion)):
                cut = divides and step.motion_source == "cut"
                if before is None or cut or not step.frame.continues(before):
                    parts.append([])
                before = step.frame
                parts[-1].append(step._replace(frame=replace(step.frame, image=NO_IMAGE)))  # an hour's do not fit
                report(number + 1, source.count)
        long = [part for part in parts if len(part) > 1]
        if not long:
            raise UsageError(f"{source.description} has no two frames that follow each other; a path needs them.")
        if len(parts) > 1 and first_frame is not None:
            raise UsageError(f"{source.description} has gaps, so `first_frame` does not tell which frames are behind.")
        weak = weak_motion(step.motion_source for part in long for step in part[1:])
        warnings += [f"{source.description}: {sentence}" for sentence in [*seen.sentences, *([weak] if weak else [])]]
        for part in long:
            name = source.name
            if len(parts) > 1:
                name = f"{source.name}/{part[0].frame.name}-{part[-1].frame.name}".lstrip("/")
                stretches[name] = source.name
            paths[name] = _path_of(part, f"{source.description} ({predictor.unit})")
    return paths, stretches, warnings


def _path_of(steps: Sequence[FramePose], description: str) -> CameraPath:
    """Return the path in the camera of its first frame."""
    T_world_to_first = np.linalg.inv(steps[0].T_camera_to_world)
    poses = np.stack([T_world_to_first @ step.T_camera_to_world for step in steps])
    return CameraPath(
        description,
        poses,
        seconds=np.array([step.frame.seconds for step in steps]),
        motion=describe_motion([None, *(step.motion_source for step in steps[1:])]),
        seen=seen_words(step.frame.window for step in steps),
    )
