"""One HTML page that shows a scene offline: points and path to turn, frames with a slider, depth under the pointer."""

import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vection.arrays import AnyArray, AnyImage, DepthMap
from vection.data.clips.resizing import resize_camera, resize_image
from vection.exports.points import MOST_DOUBLED, Cubes, Points, frame_points, fuse, pixel_stride
from vection.exports.scene import Scene, SceneFrame
from vection.files import json_text
from vection.inference.colour import colour_table
from vection.progress import Report

TEMPLATE = Path(__file__).with_name("page.html")
PLACE_OF_DATA = "__SCENE__"
"""What the template has where the scene's JSON goes."""

MOST_FRAMES = 80
"""Frames on the page, evenly over the scene."""
MOST_POINTS = 200_000
"""Points on the page, of which each takes 10 bytes."""
MOST_MOVING = 3_000
"""Pixels of a frame from which its moving points are taken."""
LARGEST_SIDE = 512
"""Pixels of the longer side of a frame on the page."""
JPEG_QUALITY = 82
"""Of the frames on the page."""
LEVELS = 255
"""Steps of log(depth) between the nearest and the farthest depth shown."""


def write_page(scene: Scene, out: Path, report: Report) -> str:
    """Write the page; it needs nothing beside itself, and no network."""
    fused = fuse(scene, max_points=MOST_POINTS, report=report)
    limits = _depth_limits(fused.static, scene)
    chosen = {round(at) for at in np.linspace(0, len(scene) - 1, min(MOST_FRAMES, len(scene)))}
    frames = [_frame(scene, frame, limits, fused.cubes) for index, frame in enumerate(scene) if index in chosen]
    content = {
        "name": scene.folder.resolve().name,
        "unit": "m" if scene.unit == "metres" else "units, up to scale",
        "words": scene.words,
        "about": f"{fused.cubes.words}; {fused.words}",
        "count": len(scene),
        "limits": limits,
        "side": fused.cubes.side / 2**MOST_DOUBLED,
        "median": scene.median_depth,
        "colours": _text(colour_table("magma")),
        "points": _cloud(fused.static, fused.cubes),
        "path": scene.positions(),
        "frames": frames,
    }
    page = TEMPLATE.read_text(encoding="utf-8").replace(PLACE_OF_DATA, script_json(content))
    out.write_text(page, encoding="utf-8")
    left = f" of {len(scene)}" if len(frames) < len(scene) else ""
    plural = "" if len(scene) == 1 else "s"
    return f"{len(frames)}{left} frame{plural}, {len(fused.static):,} points; {fused.words}"


def script_json(content: Any) -> str:
    """Return JSON that cannot end the script element that it stands in, whatever its texts hold."""
    return json_text(content).replace("<", "\\u003c")


def _depth_limits(points: Points, scene: Scene) -> tuple[float, float]:
    """Return the depths at the ends of the colours."""
    if not len(points):
        return scene.median_depth / 10, scene.median_depth * 5
    near, far = (float(value) for value in np.percentile(points.depth, [0.5, 99.5]))
    return near, max(far, 1.01 * near)


def _frame(scene: Scene, frame: SceneFrame, limits: tuple[float, float], cubes: Cubes) -> dict[str, Any]:
    height, width = frame.depth.shape
    shrink = min(1.0, LARGEST_SIDE / max(width, height))
    size = max(1, round(height * shrink)), max(1, round(width * shrink))
    content = {
        "name": frame.name,
        "seconds": round(frame.seconds, 3),
        "image": _uri(".jpg", resize_image(frame.image, size)[..., ::-1]),
        "depth": _uri(".png", _levels(_nearest(np.where(frame.visible, frame.depth, 0), size), limits)),
        "camera": resize_camera(frame.camera, from_size=(height, width), to_size=size),
        "size": size,
        "pose": frame.T_camera_to_world.ravel().tolist(),
    }
    if frame.moving is not None and frame.moving.any():
        overlay = np.zeros((*size, 4), np.uint8)
        overlay[_nearest(frame.moving.astype(np.uint8), size) > 0] = (40, 40, 230, 150)  # BGRA
        content["mask"] = _uri(".png", overlay)
        stride = pixel_stride(int(frame.moving.sum()), MOST_MOVING)
        points, moves = frame_points(scene, frame, stride=stride)
        content["moving"] = _cloud(points[moves], cubes)
    return content


def _nearest(values: AnyArray, size: tuple[int, int]) -> AnyArray:
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT))


def _levels(depth: DepthMap, limits: tuple[float, float]) -> AnyImage:
    """Return depth as 1 (nearest) to 255 in equal steps of log(depth), 0 where there is none."""
    near, far = np.log(limits)
    known = depth > 0
    place = (np.log(np.where(known, depth, 1)) - near) / (far - near)
    return np.where(known, 1 + np.round(np.clip(place, 0, 1) * (LEVELS - 1)), 0).astype(np.uint8)


def _cloud(points: Points, cubes: Cubes) -> dict[str, Any]:
    """Return positions in 65535 steps of the box that holds them, colours and sizes, as text."""
    if not len(points):
        return {"count": 0}
    low = points.xyz.min(axis=0)
    step = np.maximum((points.xyz.max(axis=0) - low) / 65535, 1e-12)
    stored = np.round((points.xyz - low) / step).astype("<u2")
    return {
        "count": len(points),
        "low": low.tolist(),
        "step": step.tolist(),
        "xyz": _text(stored),
        "rgb": _text(points.rgb),
        "levels": _text((cubes.levels(points) + MOST_DOUBLED).astype(np.uint8)),
    }


def _text(values: AnyArray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def _uri(suffix: str, image: AnyImage) -> str:
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix == ".jpg" else []
    _, coded = cv2.imencode(suffix, image, options)
    kind = "jpeg" if suffix == ".jpg" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(coded.tobytes()).decode()}"
