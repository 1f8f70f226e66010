"""What becomes of an uploaded file: predictions, a page to look at, files to take away."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from vection.data.clips.intrinsics import ASSUMED_FIELD_OF_VIEW
from vection.data.ingest.clip_writer import stated_intrinsics
from vection.errors import UsageError
from vection.exports.settings import ExportSettings
from vection.exports.stretches import range_of
from vection.formats.camera_path import KITTI_FILE, TUM_FILE
from vection.formats.prediction_folder import PHOTO_FILE, VIDEO_FILE, read_prediction_list, stretches
from vection.inference.sources import find_inputs
from vection.progress import Bars, no_bars
from vection.runs.export import view
from vection.runs.predict import predict


@dataclass(frozen=True)
class Looked:
    """A file that was predicted."""

    sentence: str
    """What it is, in which unit, and what was assumed."""
    page: Path
    """HTML: points, path, frames, depth under the pointer, what moves."""
    files: tuple[Path, ...]
    """To take away: depth in colours, the path, everything as an archive."""


def predict_upload(
    run: Path | str,
    file: Path,
    out: Path,
    *,
    intrinsics: str | None = None,
    device: str | None = None,
    progress: Bars = no_bars,
) -> Looked:
    """Predict a video or photo into the folder `out`, made for it, and write the page beside.

    `intrinsics` as `ingest` takes them; a camera that is unknown gets a usual field of view. Raises UsageError or
    DataError for files that are neither, or that cannot be read.
    """
    if len(find_inputs(file)) != 1:
        raise UsageError("This is more than one video; give a single video or photo.")
    known = (intrinsics or stated_intrinsics(file)) is not None
    camera = intrinsics if known else f"fov:{ASSUMED_FIELD_OF_VIEW:g}"
    folder = predict(run, file, out / "predictions", intrinsics=camera, device=device, progress=progress)[0]
    has_path = (folder / KITTI_FILE).is_file()
    predictions = read_prediction_list(folder)
    frames = predictions.frames
    parts = stretches(frames)
    shown = range_of(frames, max(parts, key=len)) if has_path else frames[0].name
    settings = ExportSettings(frames=file, only=() if has_path and len(parts) == 1 else (shown,))
    page = view(folder, out / "page.html", settings=settings, progress=progress)[0]
    archive = Path(shutil.make_archive(str(out / "predictions"), "zip", folder))
    files = [folder / name for name in (VIDEO_FILE, PHOTO_FILE, TUM_FILE)]
    words = [f"{page.about[0].upper()}{page.about[1:]}; depth: {page.unit}."]
    words += [f"The model saw {predictions.seen}."] if predictions.seen else []
    words += [predictions.warning] if predictions.warning else []
    if not known:
        words.append(
            f"The camera is unknown: {ASSUMED_FIELD_OF_VIEW:g} degrees of view from left to right are assumed."
        )
    if not has_path:
        words.append("No camera path is known, so the first frame stands alone.")
    elif len(parts) > 1:
        words.append(f"The video is cut into {len(parts)} scenes, of which the longest is shown: frames {shown}.")
    return Looked(" ".join(words), page.path, (*(one for one in files if one.is_file()), archive))
