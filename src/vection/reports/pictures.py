"""Depth and error maps as colours, and pictures as parts of an HTML page."""

import base64
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from vection.errors import DataError

Colours = UInt8[np.ndarray, "height width 3"]
DepthMap = Float[np.ndarray, "height width"]

ERROR_LIMIT = 0.5
"""|predicted - true| / true from which on an error is drawn in the last colour."""


def depth_range(depth: DepthMap) -> tuple[float, float]:
    """Return (near, far) for drawing: the 2nd and the 98th percentile of the positive depths."""
    positive = depth[depth > 0]
    if positive.size == 0:
        return 1.0, 2.0
    near, far = (float(value) for value in np.percentile(positive, (2, 98)))
    return near, max(far, near * 1.01)


def colour_depth(depth: DepthMap, *, near: float, far: float) -> Colours:
    """Colour 1/depth with magma: `near` and nearer is bright, `far` and farther is dark; unknown (0) is grey."""
    known = depth > 0
    inverse = 1.0 / np.where(known, depth, far)
    return _colour((inverse - 1 / far) / (1 / near - 1 / far), known=known, colormap=cv2.COLORMAP_MAGMA)


def colour_error(depth: DepthMap, *, truth: DepthMap) -> Colours:
    """Colour |depth - truth| / truth with viridis: 0 is dark, `ERROR_LIMIT` and more is bright; unknown is grey."""
    known = truth > 0
    error = np.abs(depth - truth) / np.where(known, truth, 1.0)
    return _colour(error / ERROR_LIMIT, known=known, colormap=cv2.COLORMAP_VIRIDIS)


def fastest(flow: Float[np.ndarray, "height width 3"]) -> float:
    """Return the length of flow to draw in full colour: the 98th percentile of what moves at all."""
    speed = np.linalg.norm(flow, axis=2)
    return float(np.percentile(speed[speed > 0], 98)) if (speed > 0).any() else 1.0


def colour_flow(flow: Float[np.ndarray, "height width 3"], *, fastest: float) -> Colours:
    """Colour 3D flow: grey is still; red to the right, green downwards, blue away; the contrary turns the colour."""
    return np.asarray((np.clip(0.5 + 0.5 * flow / fastest, 0, 1) * 255).round(), dtype=np.uint8)


def gradient(colormap: int) -> str:
    """Return the colours of an OpenCV colour map as a CSS gradient from its low to its high end."""
    ramp = np.linspace(0, 255, 9).astype(np.uint8)[None]
    colours = cv2.cvtColor(cv2.applyColorMap(ramp, colormap), cv2.COLOR_BGR2RGB)[0]
    return "linear-gradient(90deg, " + ", ".join(f"rgb({r}, {g}, {b})" for r, g, b in colours.tolist()) + ")"


def jpeg_uri(image: Colours, *, quality: int = 88) -> str:
    """Return an RGB picture as a data URI."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _uri(data.tobytes(), kind="image/jpeg")


def picture_file_uri(path: Path) -> str:
    """Return a picture file as a data URI, recoded as JPEG; an unreadable one is a DataError."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{path} is no readable picture; delete it and write the report again.")
    return jpeg_uri(cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8))


def video_file_uri(path: Path) -> str:
    """Return an mp4 file as a data URI."""
    return _uri(path.read_bytes(), kind="video/mp4")


def _colour(value: DepthMap, *, known: Bool[np.ndarray, "height width"], colormap: int) -> Colours:
    """Colour values of [0, 1], clipped."""
    level = (np.clip(value, 0, 1) * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(level, colormap), cv2.COLOR_BGR2RGB)
    colours[~known] = 128
    return colours.astype(np.uint8)


def _uri(data: bytes, *, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
