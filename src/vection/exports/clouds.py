"""Fused points as PLY, and with the camera's path as GLB."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8, UInt16

from vection.exports.axes import GRAPHICS
from vection.exports.points import FusedPoints, Points, fuse
from vection.exports.scene import Scene
from vection.extras import extra
from vection.progress import Report

if TYPE_CHECKING:
    import trimesh

PATH_COLOUR = (230, 40, 40, 255)
"""RGBA of the camera's path, in sRGB as images have it."""
UNSIGNED_SHORT = 5123
"""glTF's number of the type of 16-bit integers."""


def write_ply(scene: Scene, out: Path, report: Report) -> str:
    """Write the points as binary PLY: x, y, z, red, green, blue; the header states unit, axes and range.

    Where moving things are apart each point also has `moving` (0 or 1) and the number of the `frame` it was seen in.
    """
    fused = fuse(scene, report=report)
    fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")]
    if fused.moving is not None:
        fields += [("moving", "u1"), ("frame", "<i4")]
    types = {"<f4": "float", "u1": "uchar", "<i4": "int"}
    clouds = [(fused.static, 0), *([] if fused.moving is None else [(fused.moving, 1)])]
    count = sum(len(points) for points, _ in clouds)
    header = [
        "ply",
        "format binary_little_endian 1.0",
        *(f"comment {line}" for line in _statement(scene, fused)),
        f"element vertex {count}",
        *(f"property {types[kind]} {name}" for name, kind in fields),
        "end_header",
    ]
    with out.open("wb") as file:
        file.write(("\n".join(header) + "\n").encode("ascii", "replace"))
        for points, moves in clouds:
            rows = np.zeros(len(points), fields)
            for column, name in enumerate("xyz"):
                rows[name] = points.xyz[:, column]
            for column, name in enumerate(("red", "green", "blue")):
                rows[name] = points.rgb[:, column]
            if fused.moving is not None:
                rows["moving"], rows["frame"] = moves, points.frame
            file.write(rows.tobytes())
    return _about(fused)


def write_glb(scene: Scene, out: Path, report: Report) -> str:
    """Write points and path as binary glTF, y up; nodes `points`, `path` and, where wanted, `moving`.

    glTF means metres; what is up to scale is only as large as it says in the `extras` of the scene. Its colours are
    linear light.
    """
    with extra("export", purpose="Writing GLB"):
        import trimesh
    fused = fuse(scene, report=report)
    world = trimesh.Scene(
        metadata={"unit": scene.unit, "about": scene.words, "axes": "x right, y up, z back", "points": fused.words}
    )
    for name, points in (("points", fused.static), ("moving", fused.moving)):
        if points is not None and len(points):
            _add_cloud(world, points, name)
    positions = np.array(scene.positions()) @ GRAPHICS.T
    if np.ptp(positions, axis=0).any():  # a camera that stands has no line
        path = trimesh.load_path(positions)
        path.colors = np.array([PATH_COLOUR] * len(path.entities), np.uint8)
        world.add_geometry(path, node_name="path", geom_name="path")
    out.write_bytes(world.export(file_type="glb", buffer_postprocessor=_make_colours_linear))
    return _about(fused)


def _add_cloud(world: "trimesh.Scene", points: Points, name: str) -> None:
    import trimesh

    alpha = np.full((len(points), 1), 255, np.uint8)
    cloud = trimesh.PointCloud(points.xyz @ GRAPHICS.T, colors=np.concatenate([points.rgb, alpha], axis=1))
    world.add_geometry(cloud, node_name=name, geom_name=name)


def _make_colours_linear(buffers: dict[Any, bytes], tree: dict[str, Any]) -> None:
    """Turn the colours that trimesh wrote, sRGB in 8 bits, into glTF's: linear, in 16 bits, so dark shades stay apart.

    `buffers` are in the order of the views, which are whole buffers; both arguments are changed.
    """
    accessors, keys = list(tree["accessors"].values()), list(buffers)
    attributes = [primitive["attributes"] for mesh in tree["meshes"] for primitive in mesh["primitives"]]
    for number in {one["COLOR_0"] for one in attributes if "COLOR_0" in one}:
        accessor = accessors[number]
        key = keys[accessor["bufferView"]]
        rgba = linear_colours(np.frombuffer(buffers[key], np.uint8).reshape(-1, 4))
        buffers[key] = rgba.tobytes()
        accessor |= {
            "componentType": UNSIGNED_SHORT,
            "min": rgba.min(axis=0).tolist(),
            "max": rgba.max(axis=0).tolist(),
        }


def linear_colours(rgba: UInt8[np.ndarray, "point 4"]) -> UInt16[np.ndarray, "point 4"]:
    """Return sRGB colours as linear light, alpha as it is, both in parts of 65535.

    >>> linear_colours(np.array([[0, 1, 188, 255]], np.uint8)).tolist()
    [[0, 20, 32957, 65535]]
    """
    stored = np.arange(256) / 255
    light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    rgb = np.round(65535 * light).astype("<u2")[rgba[:, :3]]
    return np.concatenate([rgb, rgba[:, 3:] * np.uint16(257)], axis=1)


def _statement(scene: Scene, fused: FusedPoints) -> list[str]:
    return [
        f"unit: {scene.unit}",
        scene.words,
        "axes: x right, y down, z forward of the first camera (OpenCV)",
        f"{fused.cubes.words}; {fused.words}",
    ]


def _about(fused: FusedPoints) -> str:
    count = len(fused.static) + (0 if fused.moving is None else len(fused.moving))
    return f"{count:,} points; {fused.cubes.words}; {fused.words}"
