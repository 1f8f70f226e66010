"""`vection export`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.models import network_export
from vection.cli.progress import progress_bar
from vection.files import json_text

EXAMPLES = (
    "vection export predictions/drive --to ply",
    "vection export predictions/drive --to glb --far 40 --out drive.glb",
    "vection export predictions/drive --to colmap",
    "vection export predictions/drive --to rrd",
    "vection export predictions/drive --to mcap --out bags/drive",
    "vection export predictions/drive --to png --scale 256",
    "vection export predictions/photo --to ply --intrinsics fov:70",
)


@dataclass(frozen=True)
class Export:
    """Write predictions in the formats of other programs.

    ply: points. glb: points and path. colmap: images, cameras and points as COLMAP's text model. nerfstudio:
    transforms.json with images, depth and masks. rrd: a recording of rerun. mcap: a ROS 2 bag. exr, pfm, png: depth
    maps. tum, kitti: the path.

    Points are those that stand still, fused so that each cube of space keeps one, within a range of depth. Every file
    states its unit: what is up to scale is written as it is, and called so.

    Networks of a run are written with --to onnx, openvino or torch: vection export --to onnx --help.
    """

    predictions: Positional[Path]
    """Prediction folder, or a folder that holds some, such as a run folder."""
    to: str
    """ply, glb, colmap, nerfstudio, rrd, mcap, exr, pfm, png, tum or kitti."""
    out: Path | None = None
    """File or folder to write; beside the predictions if not given. Of several predictions the folder for all."""
    frames: Path | None = None
    """The video, images or clip that was predicted, where it has moved since."""
    only: tuple[str, ...] = ()
    """Names of frames, or FIRST..LAST; all if not given."""
    intrinsics: str | None = None
    """Camera of predictions that do not know theirs: a JSON file, "fx,fy,cx,cy" or "fov:DEGREES"."""
    near: float = 0.0
    """Nearest depth, in the unit of the depth."""
    far: float | None = None
    """Farthest depth; if not given, 80 metres, or 5 median depths where the scale is open; exr and pfm hold all."""
    moving: Literal["leave-out", "apart", "keep"] = "leave-out"
    """What becomes of points of things that move: apart puts them in a node of their own (glb) or marks them (ply)."""
    stride: int | None = None
    """Every how many pixels become points; at most 60,000 a frame if not given."""
    voxel: float | None = None
    """Side of the cubes that keep one point each; about 1 % of the distance it was seen from if not given."""
    max_points: int = 1_000_000
    """Cubes grow until no more points are left."""
    edge_angle: float = 1.5
    """Degrees; surfaces seen under a smaller angle, as between near and far things, are left out."""
    scale: float | None = None
    """png holds depth * scale; the largest power of two that fits if not given."""
    overwrite: bool = False
    """Replace what was exported before."""
    json: bool = False
    """Print one line of JSON."""


def run(arguments: Sequence[str]) -> None:
    """Export and say what was written."""
    if network_export.names_network(arguments):
        network_export.run(arguments)
        return
    options = parse(Export, arguments, command="export", examples=EXAMPLES)
    from vection.exports.settings import ExportSettings
    from vection.runs.export import export

    settings = ExportSettings(
        frames=options.frames,
        only=options.only,
        intrinsics=options.intrinsics,
        near=options.near,
        far=options.far,
        moving=options.moving,
        stride=options.stride,
        voxel=options.voxel,
        max_points=options.max_points,
        edge_angle=options.edge_angle,
        scale=options.scale,
    )
    written = export(
        options.predictions,
        options.out,
        to=options.to,
        settings=settings,
        overwrite=options.overwrite,
        progress=progress_bar,
    )
    if options.json:
        print(json_text([{"path": str(one.path), "unit": one.unit, "about": one.about} for one in written]))
        return
    for one in written:
        say(f"{one.path}: {one.unit}; {one.about}")
