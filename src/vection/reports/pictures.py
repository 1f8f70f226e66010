"""Depth and error maps as colours, and pictures as parts of an HTML page."""

import base64
from pathlib import Path

import cv2
import numpy as np

from vection.arrays import DepthMap, FlowMap, RgbImage
from vection.data.clips.image_file import read_rgb
from vection.inference import colour
from vection.inference.colour import (
    ColourMap,
    ColourRange,
    colour_range,
    colour_table,
    colour_values,
    sample_inverse_depth,
)

GREY = 128
"""Brightness of pixels of which nothing is known."""

DEPTH_COLOURS: ColourMap = "magma"
"""Colour map of depth, as matplotlib calls it."""

ERROR_COLOURS = "viridis"
"""Colour map of errors, as matplotlib calls it."""

ERROR_LIMIT = 0.5
"""|predicted - true| / true from which on an error is drawn in the last colour."""


def depth_range(depth: DepthMap) -> ColourRange:
    """Return the depths between which one picture is coloured, from all of its pixels where depth is positive."""
    return colour_range([sample_inverse_depth(depth, count=depth.size)])


def colour_depth(depth: DepthMap, limits: ColourRange) -> RgbImage:
    """Colour 1/depth with magma: near is bright, far is dark; unknown (0) is grey."""
    return colour.colour_depth(depth, limits, colours=DEPTH_COLOURS, unknown=GREY)


def colour_error(depth: DepthMap, *, truth: DepthMap) -> RgbImage:
    """Colour |depth - truth| / truth with viridis: 0 is dark, `ERROR_LIMIT` and more is bright; unknown is grey."""
    known = (truth > 0) & (depth > 0)
    error = np.abs(depth - truth) / np.where(known, truth, 1.0)
    return colour_values(error / ERROR_LIMIT, known=known, colours=ERROR_COLOURS, unknown=GREY)


def fastest(flow: FlowMap) -> float:
    """Return the length of flow to draw in full colour: the 98th percentile of what moves at all."""
    speed = np.linalg.norm(flow, axis=2)
    return float(np.percentile(speed[speed > 0], 98)) if (speed > 0).any() else 1.0


def colour_flow(flow: FlowMap, *, fastest: float) -> RgbImage:
    """Colour 3D flow: grey is still; red to the right, green downwards, blue away; the contrary turns the colour."""
    return colour.colour_vectors(flow, longest=fastest)


def gradient(colours: str) -> str:
    """Return a colour map of matplotlib as a CSS gradient from its low to its high end."""
    steps = colour_table(colours)[np.linspace(0, 255, 9).astype(np.uint8)]
    return "linear-gradient(90deg, " + ", ".join(f"rgb({r}, {g}, {b})" for r, g, b in steps.tolist()) + ")"


def jpeg_uri(image: RgbImage, *, quality: int = 88) -> str:
    """Return an RGB picture as a data URI."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _uri(data.tobytes(), kind="image/jpeg")


def picture_file_uri(path: Path) -> str:
    """Return a picture file as a data URI, recoded as JPEG; an unreadable one is a DataError."""
    return jpeg_uri(read_rgb(path))


def video_file_uri(path: Path) -> str:
    """Return an mp4 file as a data URI."""
    return _uri(path.read_bytes(), kind="video/mp4")


def _uri(data: bytes, *, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
