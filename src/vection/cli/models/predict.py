"""`vection predict`."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.progress import progress_bar
from vection.errors import UsageError

if TYPE_CHECKING:
    from vection.inference.prediction import Prediction
    from vection.inference.predictor import Predictor
    from vection.inference.sources import Frame

EXAMPLES = (
    "vection predict runs/first drive.mp4 --out predictions/drive",
    "vection predict runs/first photo.jpg --out predictions/photo --no-path",
    "vection predict runs/first clips --out runs/first/predictions --flip-postprocess",
    "vection predict runs/dynamo clips/drive --out predictions/drive --scene-flow",
)


@dataclass(frozen=True)
class Predict:
    """Predict depth and the camera's path of a video, an image, a folder of images in order, or clip folders.

    Writes float depth (depth/*.npy), 16-bit depth * 256 (png/*.png), a colour video with one fixed range of colours
    (depth.mp4), the path (path_tum.txt, path_kitti.txt) and predictions.json, which states unit and scale.

    Models that know how objects move also write their 3D flow to the next frame (object_flow/*.npy, in the unit of the
    depth) and masks of what moves by itself (motion_mask/*.png, 255 = surely), which the video shows. Those that know
    classes write Cityscapes train ids (classes/*.png).
    """

    checkpoint: Positional[Path]
    """Run folder or checkpoint folder."""
    input: Positional[Path]
    """Video, image, folder of images, or folder of clips."""
    out: Path
    """Prediction folder to write."""
    flip_postprocess: bool = False
    """Average with the prediction of the mirrored image: a little better, twice the time."""
    no_path: bool = False
    """Predict no motion and chain no path; for images that do not follow each other."""
    no_video: bool = False
    """Do not write depth.mp4."""
    no_png: bool = False
    """Do not write png/."""
    scene_flow: bool = False
    """Write scene_flow/*.npy: how every point moves in the camera's coordinates, objects and ego-motion together."""
    overwrite: bool = False
    """Replace an older prediction folder."""
    device: str | None = None
    """cpu or cuda; the GPU if there is one."""
    json: bool = False
    """Print one line of JSON at the end."""


def run(arguments: Sequence[str]) -> None:
    """Predict and say what was written."""
    chosen = parse(Predict, arguments, command="predict", examples=EXAMPLES)
    from vection.inference.sources import open_sources
    from vection.inference.write import check_writable, write_predictions
    from vection.runs.device import choose_device
    from vection.runs.load import load_predictor

    if chosen.scene_flow and chosen.no_path:
        raise UsageError("--scene-flow needs the motion that --no-path leaves out; give only one of the two.")
    sources = open_sources(chosen.input)
    for source in sources:
        check_writable(chosen.out / source.name, overwrite=chosen.overwrite)
    device = choose_device(chosen.device)
    predictor = load_predictor(chosen.checkpoint, device=device, flip_postprocess=chosen.flip_postprocess)
    if chosen.scene_flow and not predictor.method.knows_ego_motion:
        raise UsageError(f"{chosen.checkpoint} knows no motion, so there is no scene flow; leave --scene-flow out.")
    written = []
    for source in sources:
        with progress_bar(f"predicting {source.name or source.description}") as progress:
            frames = _counted(source, total=source.count, progress=progress)
            folder = write_predictions(
                _predictions(predictor, frames, path=not chosen.no_path),
                chosen.out / source.name,
                model=str(chosen.checkpoint),
                png=not chosen.no_png,
                video=not chosen.no_video,
                scene_flow=chosen.scene_flow,
                overwrite=chosen.overwrite,
            )
        written.append(str(folder))
    if chosen.json:
        about = {"unit": predictor.unit, "scale_source": predictor.scale_source}
        print(json.dumps({"predictions": written} | about))
        return
    for folder_name in written:
        print(f"{folder_name}: depth {predictor.unit} (scale: {predictor.scale_source})")


def _predictions(predictor: "Predictor", frames: Iterable["Frame"], *, path: bool) -> Iterator["Prediction"]:
    if path:
        yield from predictor.stream(frames)
        return
    for frame in frames:
        yield predictor.predict(frame)


def _counted(
    frames: Iterable["Frame"], *, total: int | None, progress: Callable[[int, int | None], None]
) -> Iterator["Frame"]:
    for number, frame in enumerate(frames):
        yield frame
        progress(number + 1, total)
