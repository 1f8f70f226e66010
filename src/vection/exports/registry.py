"""Formats that predictions can be exported to, by name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from vection.exports.bag import write_bag
from vection.exports.camera_paths import write_kitti, write_tum
from vection.exports.clouds import write_glb, write_ply
from vection.exports.depth_maps import write_exr, write_pfm, write_png
from vection.exports.reconstructions import write_colmap, write_nerfstudio
from vection.exports.recording import write_rrd
from vection.exports.scene import Scene, SceneNeeds
from vection.exports.settings import OF_POINTS
from vection.progress import Report

Writer = Callable[[Scene, Path, Report], str]
"""Writes a scene to a file, or into an empty folder, tells how far it is, and returns what was written, in words."""

WHOLE = SceneNeeds()
"""What formats of points need."""
STANDING = replace(WHOLE, apart=False)
"""What formats of points need that have no place for what moves."""
MAPS = SceneNeeds(images=False, camera=False, path=False, limit=False, ignored=(*OF_POINTS, "scale"))
"""What formats of depth maps need."""
SCALED_MAPS = replace(MAPS, limit=True, ignored=OF_POINTS)
"""What formats of depth maps need that hold integers."""
PATH = SceneNeeds(images=False, camera=False, limit=False, ignored=(*OF_POINTS, "near", "far", "scale"))
"""What formats of paths need."""


@dataclass(frozen=True)
class Format:
    """How one format is written."""

    write: Writer
    ending: str
    """What is put behind the name of the predictions: a file's suffix, or the end of a folder's name."""
    is_folder: bool = False
    needs: SceneNeeds = WHOLE


FORMATS = {
    "ply": Format(write_ply, ".ply"),
    "glb": Format(write_glb, ".glb"),
    "colmap": Format(write_colmap, "_colmap", is_folder=True, needs=STANDING),
    "nerfstudio": Format(write_nerfstudio, "_nerfstudio", is_folder=True),
    "rrd": Format(write_rrd, ".rrd"),
    "mcap": Format(write_bag, "_mcap", is_folder=True, needs=STANDING),
    "exr": Format(write_exr, "_exr", is_folder=True, needs=MAPS),
    "pfm": Format(write_pfm, "_pfm", is_folder=True, needs=MAPS),
    "png": Format(write_png, "_png", is_folder=True, needs=SCALED_MAPS),
    "tum": Format(write_tum, "_tum.txt", needs=PATH),
    "kitti": Format(write_kitti, "_kitti.txt", needs=PATH),
}
"""All formats of predictions."""
