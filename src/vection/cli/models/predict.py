"""`vection predict`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.flags import as_flags
from vection.cli.notes import note
from vection.cli.progress import progress_bar
from vection.cli.workers import ray_cluster
from vection.errors import UsageError
from vection.files import json_text
from vection.hub import hub_model
from vection.starts import STREET

EXAMPLES = (
    "vection predict photo.jpg --model street --out predictions/photo",
    "vection predict runs/first drive.mp4 --out predictions/drive",
    "vection predict runs/first drive.mp4 --out predictions/drive --motion measured --intrinsics fov:70",
    "vection predict runs/first photo.jpg --out predictions/photo --no-path",
    "vection predict hf://owner/name photo.jpg --out predictions/photo",
    "vection predict runs/first clips --out runs/first/predictions --flip-postprocess",
    "vection predict runs/dynamo clips/drive --out predictions/drive --scene-flow",
    "vection predict runs/first drive.mp4 --out predictions/drive --intrinsics fov:70 --pictures",
    "vection predict runs/dynamo clips/drive --out predictions/drive --pictures rigid-flow independent-flow",
    "vection predict runs/first drive.mp4 --out predictions/drive --engine auto",
    "vection predict runs/first videos --out predictions --ray",
)


@dataclass(frozen=True)
class Predict:
    """Predict depth and the camera's path of a video, an image, a folder of images in order, or a folder of many.

    Writes float depth (depth/*.npy), 16-bit depth * 256 (png/*.png), a colour video with one fixed range of colours
    (depth.mp4), the path (path_tum.txt, path_kitti.txt) and predictions.json, which states unit, scale and where the
    motion of each frame comes from.

    Models that know how objects move also write their 3D flow to the next frame (object_flow/*.npy, in the unit of the
    depth) and masks of what moves by itself (motion_mask/*.png, 255 = surely), which the video shows. Those that know
    classes write Cityscapes train ids (classes/*.png). Of a single image the colours are depth.png (and classes.png).

    --pictures shows what the papers show, as the model sees it when it compares a frame with its neighbours: which
    pixels it masks, which source it believes, rigid, complete and independent flow, translation, errors
    (pictures/NAME/*.png at the size of the network, and all of a frame together in pictures.mp4).
    """

    run: Positional[Path]
    """Run folder, checkpoint folder, or hf://OWNER/NAME@REVISION of the Hugging Face Hub; left out where --model names
    it."""
    input: Positional[Path | None] = None
    """Video, image, folder of images, or folder of clips, videos or folders of images: each gets a folder of its name
    in OUT."""
    model: Path | None = None
    """Another way to name the run folder, or weights that ship with vection: street, which knows depth of streets
    without any training, and is taken if nothing else is named."""
    checkpoint: str | None = None
    """Which of the run's checkpoints: best (on held-out frames), last, or the steps of a snapshot; the recipe's choice
    (vection recipes NAME), which is the paper's, if not given."""
    out: Path = Path("predictions")
    """Prediction folder to write."""
    flip_postprocess: bool = False
    """Average with the prediction of the mirrored image: a little better, twice the time."""
    width: int | None = None
    """Width at which the networks see the images, if not that of training; a multiple of 32."""
    height: int | None = None
    """The same of the height."""
    no_path: bool = False
    """Predict no motion and chain no path; for images that do not follow each other."""
    motion: Literal["auto", "measured", "network"] | None = None
    """Whether the camera's motion is measured in the frames, with a length from the predicted depth, or predicted by
    the network. auto: measured where the camera is known; pairs that cannot be measured are left to the network.
    If not given: the network where it has learned motion, else auto."""
    intrinsics: str | None = None
    """Camera of a video or images: a JSON file, "fx,fy,cx,cy" in pixels or normalised, "fov:DEGREES" or "camera:NAME";
    if not given, an intrinsics.json beside the frames, else the focal length that photos or the video state, else it is
    unknown. Clips have their own."""
    frames_per_second: float | None = None
    """Frames per second of a folder of images, or of a video that states none, as of vection ingest."""
    window: str = "training"
    """Which part of a video or images is seen: training, as the run's own clips were cut and undistorted; whole,
    squeezed; cut, the largest part of the network's shape; or a clip of the training, whose camera this is."""
    stride: int = 1
    """Predict every such frame; a path joins those that are predicted."""
    max_frames: int | None = None
    """Predict no more frames than this."""
    no_depth: bool = False
    """Do not write depth/*.npy, the largest part: for the path, the colours or png/ alone."""
    no_video: bool = False
    """Do not write the colours: depth.mp4, pictures.mp4, or depth.png of a single image."""
    no_png: bool = False
    """Do not write png/."""
    scene_flow: bool = False
    """Write scene_flow/*.npy: how every point moves in the camera's coordinates, objects and ego-motion together."""
    pictures: tuple[str, ...] | None = None
    """Write these pictures, or without names all that the model can make of the frames. Each belongs to a frame that
    has its neighbours, and comparing them needs the camera."""
    overwrite: bool = False
    """Replace an older prediction folder."""
    engine: str = "torch"
    """What computes the depth network: torch, a file or folder of vection export, or auto: the fastest run time that is
    installed (OpenVINO, ONNX Runtime) and predicts the same."""
    compile: bool = False
    """Compile the depth network by torch.compile: a minute at first, some percent faster after it."""
    device: str | None = None
    """cpu or cuda; the GPU if there is one."""
    keep: bool = False
    """Keep the prediction folders that are there and predict the others: how many videos go on after a stop. Those of
    another model, of other frames or settings are refused."""
    ray: tuple[str, ...] | None = None
    """Predict many inputs at once with Ray: on this machine, or on the cluster of this address (HOST:PORT, or auto).
    What is finished is kept, so the same command goes on after a stop."""
    workers: int | None = None
    """With --ray: processors to use, one for each network; all of them if not given."""
    json: bool = False
    """Print one line of JSON at the end."""


def run(arguments: Sequence[str]) -> None:
    """Predict and say what was written."""
    options = parse(Predict, arguments, command="predict", examples=EXAMPLES)

    from vection.formats.prediction_folder import read_prediction_list
    from vection.runs.predict import predict

    if options.workers is not None and options.ray is None:
        raise UsageError("--workers is for --ray; give both, or leave it out.")
    model, frames = _model_and_frames(options)
    folders = predict(
        model,
        frames,
        options.out,
        checkpoint=options.checkpoint,
        flip_postprocess=options.flip_postprocess,
        width=options.width,
        height=options.height,
        path=not options.no_path,
        motion=options.motion,
        intrinsics=options.intrinsics,
        frames_per_second=options.frames_per_second,
        window=options.window,
        stride=options.stride,
        max_frames=options.max_frames,
        depth=not options.no_depth,
        video=not options.no_video,
        png=not options.no_png,
        scene_flow=options.scene_flow,
        pictures=options.pictures,
        overwrite=options.overwrite,
        engine=options.engine,
        compile=options.compile,
        device=options.device,
        keep=options.keep,
        cluster=ray_cluster(options.ray, workers=options.workers),
        progress=progress_bar,
    )
    lists = [read_prediction_list(folder) for folder in folders]
    written = lists[0]
    if options.json:
        about = {"unit": written.unit, "scale_source": written.scale_source, "motion": [one.motion for one in lists]}
        about["seen"] = [one.seen for one in lists]
        about["warnings"] = [one.warning for one in lists if one.warning]
        print(json_text({"predictions": [str(folder) for folder in folders]} | about))
        return
    for warning in dict.fromkeys(one.warning for one in lists if one.warning):
        note("warning", warning)
    for folder, one in zip(folders, lists, strict=True):
        seen = f"; of {one.seen}" if one.seen else ""
        motion = f"; motion {as_flags(one.motion)}" if one.motion else ""
        say(f"{folder}: depth {one.unit} (scale: {as_flags(one.scale_source)}){seen}{motion}")


def _model_and_frames(options: Predict) -> tuple[Path, Path]:
    if options.input is None:
        from vection.formats.checkpoint import find_checkpoint
        from vection.formats.run_folder import RunFolder

        run = RunFolder(options.run)
        if run.recipe.is_file() or find_checkpoint(options.run) is not None or hub_model(options.run) is not None:
            raise UsageError(f"'{options.run}' is a model; name the video or images to predict after it.")
        return options.model or Path(STREET), options.run
    if options.model is not None:
        raise UsageError(
            f"Both '{options.run}' and --model {options.model} name a model; give only one of them before "
            f"'{options.input}'."
        )
    return options.run, options.input
