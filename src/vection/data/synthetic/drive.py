"""Drives: rendered frame by frame, or written as a clip folder with truth."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from vection.data.clips.folder import ClipInfo, FrameInfo, StereoInfo, write_clip, write_rgb
from vection.data.clips.image_file import write_map
from vection.data.synthetic.frames import RenderedFrame
from vection.data.synthetic.rendering.effects import make_effects
from vection.data.synthetic.rendering.render import make_world, render
from vection.data.synthetic.settings import DriveSettings
from vection.files import whole_folder
from vection.progress import Report


def render_drive(settings: DriveSettings, *, seed: int) -> Iterator[RenderedFrame]:
    """Render the drive that `settings` and `seed` describe, the same on every call."""
    world = make_world(settings, seed=seed)
    effects = make_effects(settings, seed=seed)
    for number in range(settings.frames):
        frame = render(world, number)
        for effect in effects:
            frame = effect(frame, number)
        yield frame


def write_drive(folder: Path, settings: DriveSettings, *, seed: int, progress: Report | None = None) -> ClipInfo:
    """Write the drive as a clip folder in metres, with truth; `progress` is told (frames done, frames in all).

    The folder appears when it is complete. UsageError if it holds something already or cannot be written.
    """
    with whole_folder(folder) as temporary:
        for name in ("frames", "truth", *(("stereo",) if settings.stereo_baseline else ())):
            (temporary / name).mkdir()
        info = _write_frames(temporary, settings, seed=seed, progress=progress)
        write_clip(info)
    return replace(info, folder=folder)


def _write_frames(folder: Path, settings: DriveSettings, *, seed: int, progress: Report | None) -> ClipInfo:
    fx, fy, cx, cy = (float(value) for value in settings.camera)
    rows: list[FrameInfo] = []
    mask = None
    for number, frame in enumerate(render_drive(settings, seed=seed)):
        row = FrameInfo(f"frames/{number:06d}.jpg", frame.seconds, (fx, fy, cx, cy))
        write_rgb(folder / row.file, frame.image)
        if frame.stereo_image is not None:
            write_rgb(folder / "stereo" / f"{row.stem}.jpg", frame.stereo_image)
        _write_truth(folder / "truth" / f"{row.stem}.npz", frame)
        if number == 0 and not frame.usable.all():
            mask = "mask.png"
            write_map(folder / mask, frame.usable.astype(np.uint8) * np.uint8(255))
        rows.append(row)
        if progress is not None:
            progress(number + 1, settings.frames)
    return ClipInfo(
        folder=folder,
        name=folder.name,
        width=settings.width,
        height=settings.height,
        unit="metres",
        intrinsics_source="synthetic world",
        frames=tuple(rows),
        mask=mask,
        stereo=_stereo(settings),
        truth="truth",
        crop="keep-aspect",
    )


def _stereo(settings: DriveSettings) -> StereoInfo | None:
    if settings.stereo_baseline is None:
        return None
    # the right camera stands at +baseline, so points move by -baseline in its coordinates
    shift = (1.0, 0.0, 0.0, -settings.stereo_baseline)
    rest = ((0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    return StereoInfo("stereo", (shift, *rest), settings.camera)


def _write_truth(path: Path, frame: RenderedFrame) -> None:
    np.savez_compressed(
        path,
        depth=np.where(np.isfinite(frame.depth), frame.depth, np.float32(0)),
        category=frame.category,
        semantics=frame.semantics,
        object_flow=frame.object_flow.astype(np.float16),
        T_camera_to_world=frame.T_camera_to_world,
    )
