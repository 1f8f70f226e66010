"""The camera's path alone, as a file of TUM or KITTI."""

from pathlib import Path

from vection.exports.scene import Scene
from vection.formats.camera_path import kitti_text, tum_text
from vection.progress import Report


def write_tum(scene: Scene, out: Path, report: Report) -> str:
    """Write `seconds tx ty tz qx qy qz qw` a line; a comment states the unit and where the motion comes from."""
    seconds = [frame.seconds for frame in scene.selected()]
    words = f"{scene.predictions.motion or 'not stated'}; unit: {scene.unit}"
    out.write_text(tum_text([scene.poses[number] for number in scene.numbers], seconds, motion=words), encoding="utf-8")
    report(len(scene), len(scene))
    return f"{len(scene)} poses in {scene.unit}"


def write_kitti(scene: Scene, out: Path, report: Report) -> str:
    """Write the upper three rows of T_camera_to_world a line; the format knows no comments."""
    out.write_text(kitti_text([scene.poses[number] for number in scene.numbers]), encoding="utf-8")
    report(len(scene), len(scene))
    return f"{len(scene)} poses in {scene.unit}"
