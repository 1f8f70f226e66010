"""Stated intrinsics: of which unit, image, sign and shape they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vection.arrays import CameraNumbers
from vection.data.clips.given_intrinsics import ABOUT_LENS, resolve_intrinsics
from vection.data.clips.intrinsics import (
    ASPECT_TOLERANCE,
    NORMALISED_BELOW,
    CameraIntrinsics,
    camera_numbers,
)
from vection.data.ingest.doctor.finding import Finding
from vection.errors import DataError

READ_KEYS = frozenset({"width", "height", "fx", "fy", "cx", "cy", "K", "fps"})
"""Keys of a JSON file of intrinsics that count, beside those of the lens."""
REMARKS = frozenset(
    {"source", "note", "notes", "comment", "name", "camera", "date", "n_images", "rms_px", "rms", "license"}
)
PIXEL_SHAPE = 0.03
OFF_CENTRE = 0.2
"""Of the width or height, by which the centre lies beside the middle."""


@dataclass(frozen=True)
class StatedCamera:
    """A camera as it may be used, or None, and what is wrong with it."""

    camera: CameraIntrinsics | None
    findings: tuple[Finding, ...] = ()


def check_camera(given: CameraIntrinsics | Path | str | None, *, width: int, height: int) -> StatedCamera:
    """Examine intrinsics for images of this size; UsageError if a file that is named does not exist or is no text."""
    if given is None:
        return StatedCamera(None)
    findings = []
    stated = _read(given)
    of = None if stated is None else _stated_size(stated[0], width=width, height=height)
    if stated is not None and of is not None:
        content, numbers = stated
        findings = [*_unread(content, given), *check_numbers(numbers, width=of[0], height=of[1])]
        if not any(finding.verdict == "unusable" for finding in findings):
            findings += _size(of, width=width, height=height)
    if any(finding.verdict == "unusable" for finding in findings):
        return StatedCamera(None, tuple(findings))
    try:
        camera = resolve_intrinsics(given, width=width, height=height)
    except DataError as error:
        sentence = str(error).rstrip(".")
        cause, _, fix = sentence.partition("; ")
        name = "field-of-view" if "field of view" in sentence else "intrinsics"
        name = "unread-calibration" if "not read" in sentence else name
        findings.append(Finding(name, "unusable", cause, fix or "correct the calibration", {}))
        return StatedCamera(None, tuple(findings))
    if of is None:
        findings += check_numbers(camera.numbers, width=camera.width, height=camera.height)
    return StatedCamera(camera, tuple(findings))


def check_numbers(numbers: CameraNumbers, *, width: int, height: int) -> list[Finding]:
    """Find what cannot be, or is not likely, of fx, fy, cx, cy for images of this size.

    >>> [finding.name for finding in check_numbers((0.58, -1.92, 310.0, 90.0), width=640, height=192)]
    ['focal-sign', 'mixed-units']
    """
    fx, fy, cx, cy = numbers
    shown = f"fx, fy, cx, cy = {fx:g}, {fy:g}, {cx:g}, {cy:g}"
    fix = "give all four in pixels of these images, or all four as fractions of their width and height"
    findings = []
    if fx <= 0 or fy <= 0:
        cause = f"a focal length is not positive: {shown}"
        findings.append(Finding("focal-sign", "unusable", cause, "give focal lengths as positive pixels", {}))
    small = [abs(number) < NORMALISED_BELOW for number in numbers]
    if any(small) and not all(small) and width > 16:
        cause = f"some intrinsics are normalised and some are in pixels: {shown}"
        findings.append(Finding("mixed-units", "unusable", cause, fix, {}))
    if findings:
        return findings
    if all(small):
        fx, fy, cx, cy = fx * width, fy * height, cx * width - 0.5, cy * height - 0.5
    if not (0 <= cx <= width - 1 and 0 <= cy <= height - 1):
        cause = f"the centre ({cx:g}, {cy:g}) lies outside the {width}x{height} image: they are of another resolution"
        return [
            Finding("other-resolution", "unusable", cause, "give intrinsics of these images, or with their size", {})
        ]
    off = max(abs((cx + 0.5) / width - 0.5), abs((cy + 0.5) / height - 0.5))
    if off > OFF_CENTRE:
        cause = (
            f"the centre ({cx:g}, {cy:g}) lies far from the middle of {width}x{height}: are they of another resolution?"
        )
        findings.append(Finding("other-resolution", "harmful", cause, "give intrinsics of these images", {"off": off}))
    if abs(fy / fx - 1) > PIXEL_SHAPE:
        cause = f"fy is {fy / fx:.2f} times fx, so pixels would not be square"
        fix = "check that the images were not stretched after calibration; give intrinsics of the images as they are"
        findings.append(Finding("pixel-shape", "harmful", cause, fix, {"fy_over_fx": round(fy / fx, 4)}))
    return findings


def _stated_size(content: Mapping[str, Any], *, width: int, height: int) -> tuple[int, int] | None:
    """Return the size of the images that the intrinsics are of, None if it is impossible."""
    try:
        of = int(content.get("width", width)), int(content.get("height", height))
    except (TypeError, ValueError, OverflowError):
        return None
    return of if min(of) > 0 else None


def _size(of: tuple[int, int], *, width: int, height: int) -> list[Finding]:
    if of == (width, height):
        return []
    sizes = f"the intrinsics are of {of[0]}x{of[1]} images, these are {width}x{height}"
    if abs(width * of[1] / (height * of[0]) - 1) > ASPECT_TOLERANCE:
        fix = "give the intrinsics of these images; they were cut or stretched since"
        return [Finding("other-shape", "unusable", f"{sizes}, another shape", fix, {})]
    return [Finding("scaled-intrinsics", "handled", sizes, "they are scaled", {})]


def _unread(content: Mapping[str, Any], given: object) -> list[Finding]:
    known = READ_KEYS | REMARKS
    unread = [key for key, value in content.items() if key not in known and not ABOUT_LENS.search(key)]
    if not unread:
        return []
    cause = f"{Path(str(given)).name} states {', '.join(unread)}, which vection does not read"
    return [Finding("unread-calibration", "note", cause, "make sure that nothing of it counts", {"keys": unread})]


def _read(given: CameraIntrinsics | Path | str) -> tuple[dict[str, Any], CameraNumbers] | None:
    """Return what a file or four numbers say, as they stand; None where nothing more can be told than by resolving."""
    if isinstance(given, CameraIntrinsics):
        return None
    text = str(given)
    try:
        if text.count(",") == 3:
            fx, fy, cx, cy = (float(number) for number in text.split(","))
            return {}, (fx, fy, cx, cy)
        content = json.loads(Path(given).read_text(encoding="utf-8-sig"))
        K = content.get("K")
        numbers = (
            camera_numbers(_matrix(K))
            if K is not None
            else tuple(float(content[key]) for key in ("fx", "fy", "cx", "cy"))
        )
        return content, numbers  # type: ignore[return-value]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError):
        return None


def _matrix(K: Any) -> Any:
    return np.array(K, np.float64).reshape(3, -1)
