"""Images, cameras, path and points as other programs start from them: COLMAP's text model, nerfstudio's transforms."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from vection.arrays import CameraNumbers, PixelMask
from vection.data.clips.folder import write_rgb
from vection.exports.axes import corner_camera, graphics_pose
from vection.exports.clouds import write_ply
from vection.exports.points import fuse
from vection.exports.scene import Scene, SceneFrame
from vection.files import json_text
from vection.formats.camera_path import quaternion
from vection.progress import Report

IMAGES = "images"
"""Folder of the frames beside a reconstruction."""
THOUSANDTHS = 1000.0
"""nerfstudio takes depth in thousandths of the unit, unless it is told otherwise."""


def write_colmap(scene: Scene, out: Path, report: Report) -> str:
    """Write `images/` and a text model `sparse/0`: cameras, images (world to camera), points without tracks.

    COLMAP counts from the corner of the image, so the principal point is half a pixel farther.
    """
    model = out / "sparse" / "0"
    model.mkdir(parents=True)
    (out / IMAGES).mkdir()
    fused = fuse(scene, report=report)
    cameras: dict[CameraNumbers, int] = {}
    rows = [f"# {scene.words}", "# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME; an empty line for its points"]
    files = _without_spaces([frame.name for frame in scene.selected()])
    for index, frame in enumerate(scene):
        file = _write_image(frame, out, name=files[frame.name])
        number = cameras.setdefault(frame.camera, len(cameras) + 1)
        T_world_to_camera = np.linalg.inv(frame.T_camera_to_world)
        x, y, z, w = quaternion(T_world_to_camera[:3, :3])
        numbers = " ".join(f"{value:.12g}" for value in (w, x, y, z, *T_world_to_camera[:3, 3].tolist()))
        rows += [f"{index + 1} {numbers} {number} {Path(file).name}", ""]
    (model / "images.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    lines = ["# CAMERA_ID, MODEL, WIDTH, HEIGHT, FX, FY, CX, CY"]
    for camera, number in cameras.items():
        parameters = " ".join(f"{value:.12g}" for value in corner_camera(camera))
        lines.append(f"{number} PINHOLE {scene.width} {scene.height} {parameters}")
    (model / "cameras.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    points = fused.static
    table = np.concatenate([np.arange(1, len(points) + 1)[:, None], points.xyz, points.rgb], axis=1)
    header = f"{scene.words}\nPOINT3D_ID, X, Y, Z, R, G, B, ERROR (not measured); no tracks"
    np.savetxt(model / "points3D.txt", table, fmt="%d %.7g %.7g %.7g %d %d %d 0", header=header)
    return (
        f"{len(scene)} images, {len(cameras)} camera{'s' * (len(cameras) > 1)}, {len(points):,} points; {fused.words}"
    )


def write_nerfstudio(scene: Scene, out: Path, report: Report) -> str:
    """Write `transforms.json` with `images/`, `depths/`, `points.ply` and, where motion is known, `masks/`.

    Poses are camera to world with OpenGL's camera axes. Depth is float32 in thousandths of the unit, which nerfstudio's
    own factor turns back, 0 outside the range. Masks are 0 where something moves, so that training passes it over.
    """
    about = write_ply(scene, out / "points.ply", report)
    for name in (IMAGES, "depths"):
        (out / name).mkdir()
    frames = []
    for frame in scene:
        depth = f"depths/{frame.name}.npy"
        np.save(out / depth, np.where(frame.visible, frame.depth * np.float32(THOUSANDTHS), np.float32(0)))
        fx, fy, cx, cy = corner_camera(frame.camera)
        entry = {
            "file_path": _write_image(frame, out, name=frame.name),
            "depth_file_path": depth,
            "transform_matrix": graphics_pose(frame.T_camera_to_world).tolist(),
        } | {"fl_x": fx, "fl_y": fy, "cx": cx, "cy": cy}
        if scene.knows_motion:
            entry["mask_path"] = _write_mask(frame, out)
        frames.append(entry)
    content = {
        "camera_model": "OPENCV",
        "w": scene.width,
        "h": scene.height,
        "ply_file_path": "points.ply",
        "unit": scene.unit,
        "about": scene.words,
        "frames": frames,
    }
    (out / "transforms.json").write_text(json_text(content, indent=1), encoding="utf-8")
    return f"{len(frames)} images; {about}"


def _without_spaces(names: Sequence[str]) -> dict[str, str]:
    """Return another name for each that COLMAP would end at a space, and that no other frame has.

    >>> _without_spaces(["a b", "a_b"])
    {'a b': 'a_b_', 'a_b': 'a_b'}
    """
    files, taken = {}, {name for name in names if " " not in name}
    for name in names:
        file = name.replace(" ", "_")
        while file != name and file in taken:
            file += "_"
        files[name] = file
        taken.add(file)
    return files


def _write_image(frame: SceneFrame, out: Path, *, name: str) -> str:
    file = f"{IMAGES}/{name}.jpg"
    write_rgb(out / file, frame.image)
    return file


def _write_mask(frame: SceneFrame, out: Path) -> str:
    """Write what may be learned from: all where the frame's motion is not known."""
    (out / "masks").mkdir(exist_ok=True)
    file = f"masks/{frame.name}.png"
    stands: PixelMask = np.ones_like(frame.visible) if frame.moving is None else ~frame.moving
    (out / file).write_bytes(cv2.imencode(".png", stands.astype(np.uint8) * np.uint8(255))[1].tobytes())
    return file
