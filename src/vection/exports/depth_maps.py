"""Depth maps as OpenEXR, PFM and 16-bit PNG; what is outside the range, or sky, is 0."""

from pathlib import Path

import cv2
import numpy as np

from vection.arrays import DepthMap
from vection.errors import UsageError
from vection.exports.scene import Scene, read_depth
from vection.extras import extra
from vection.formats.prediction_folder import depth_file
from vection.progress import Report

PNG_MOST = 65535
"""Largest number of a 16-bit PNG."""


def write_exr(scene: Scene, out: Path, report: Report) -> str:
    """Write each depth as `NAME.exr`: one channel Z, 32-bit floats; attributes `unit` and `about`."""
    with extra("export", purpose="Writing OpenEXR"):
        import OpenEXR
    for done, frame in enumerate(scene):
        header = {
            "compression": OpenEXR.ZIP_COMPRESSION,
            "type": OpenEXR.scanlineimage,
            "unit": scene.unit,
            "about": scene.words,
        }
        with OpenEXR.File(header, {"Z": _in_range(frame.depth, frame.visible)}) as file:
            file.write(str(out / f"{frame.name}.exr"))
        report(done + 1, len(scene))
    return f"{len(scene)} depth maps, channel Z in {scene.unit}"


def write_pfm(scene: Scene, out: Path, report: Report) -> str:
    """Write each depth as `NAME.pfm`: one channel, little-endian 32-bit floats, the lowest row first."""
    for done, frame in enumerate(scene):
        depth = _in_range(frame.depth, frame.visible)
        header = f"Pf\n{depth.shape[1]} {depth.shape[0]}\n-1.0\n".encode()
        (out / f"{frame.name}.pfm").write_bytes(header + depth[::-1].astype("<f4").tobytes())
        report(done + 1, len(scene))
    return f"{len(scene)} depth maps in {scene.unit}"


def write_png(scene: Scene, out: Path, report: Report) -> str:
    """Write each depth as 16-bit `NAME.png` of depth * scale, the scale stated; a known depth never becomes 0."""
    deepest = max(
        float(depth[np.isfinite(depth)].max(initial=0))
        for depth in (read_depth(depth_file(scene.folder, frame)) for frame in scene.selected())
    )
    deepest = min(deepest, scene.far)
    scale = png_scale(scene, deepest)
    for done, frame in enumerate(scene):
        depth = _in_range(frame.depth, frame.visible)
        stored = np.where(frame.visible, np.clip(np.round(depth * scale), 1, PNG_MOST), 0).astype(np.uint16)
        (out / f"{frame.name}.png").write_bytes(cv2.imencode(".png", stored)[1].tobytes())
        report(done + 1, len(scene))
    return f"{len(scene)} depth maps; depth in {scene.unit} = value / {scale:g}, 0 is none"


def png_scale(scene: Scene, deepest: float) -> float:
    """Return what depth is multiplied by; UsageError if the given scale cannot hold the deepest pixel."""
    if deepest <= 0:
        return scene.settings.scale or 1.0
    if scene.settings.scale is None:
        return float(2.0 ** np.floor(np.log2(PNG_MOST / deepest)))
    if deepest * scene.settings.scale > PNG_MOST:
        raise UsageError(
            f"Depth reaches {deepest:.4g}, and {deepest:.4g} * {scene.settings.scale:g} is no number of 16 bits; give a"
            f" `scale` up to {PNG_MOST / deepest:.4g}, or a nearer `far`."
        )
    return scene.settings.scale


def _in_range(depth: DepthMap, visible: np.ndarray) -> DepthMap:
    return np.where(visible, depth, np.float32(0))
