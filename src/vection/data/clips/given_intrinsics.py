"""The camera that a user states: a file, numbers, an angle, a focal length, a name, or nothing."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vection.arrays import CameraNumbers, Distortion, Fisheye
from vection.data.calibration.calibration import BROWN_CONRADY, KANNALA_BRANDT, lens, pixels
from vection.data.calibration.profiles import NAMED, find_camera
from vection.data.calibration.read import read_calibration
from vection.data.clips.intrinsics import (
    CameraIntrinsics,
    assumed_intrinsics,
    camera_numbers,
    check_intrinsics,
    from_equivalent,
    from_field_of_view,
    from_numbers,
)
from vection.errors import DataError, UsageError
from vection.files import read_json

DISTORTION_KEYS = frozenset(
    {"dist_k1k2p1p2k3", "D", "dist", "dist_coeffs", "distortion", "distortion_coefficients", "distCoeffs"}
)
ABOUT_LENS = re.compile(r"dist|coeff|fisheye|skew|^(d|xi|alpha|k[1-6]|p[12])$", re.IGNORECASE)
"""Keys of a calibration that a pinhole camera has no room for, unless they are zero."""
PROJECTION_KEYS = ("camera_model", "projection", "projection_model")
OTHER_PROJECTION = re.compile(r"omni|mei|unified|equirect|spheric|orthograph|stereograph|panoram", re.IGNORECASE)
"""Words of cameras that no pinhole with a lens describes."""


def resolve_intrinsics(given: str | Path | CameraIntrinsics | None, *, width: int, height: int) -> CameraIntrinsics:
    """Return the camera of images of this size from a file, numbers, an angle, a focal length, a name, or None.

    These are "fx,fy,cx,cy", "fov:DEGREES", "35mm:MILLIMETRES" (equivalent), and "camera:NAME" as of `find_camera`; None
    is the camera that is assumed. The file is JSON as of `read_intrinsics`, or a calibration as of `read_calibration`,
    with "#CAMERA" where it holds several.
    """
    if given is None:
        return assumed_intrinsics(width=width, height=height)
    if isinstance(given, CameraIntrinsics):
        return check_intrinsics(given).fitted(width=width, height=height)
    text = str(given)
    try:
        if text.startswith("fov:"):
            return from_field_of_view(float(text.removeprefix("fov:")), width=width, height=height)
        if text.startswith("35mm:"):
            return from_equivalent(float(text.removeprefix("35mm:")), width=width, height=height)
        if text.startswith(NAMED):
            return from_name(text.removeprefix(NAMED), width=width, height=height)
        if text.count(",") >= 2:
            numbers = [float(number) for number in text.split(",")]
            return from_numbers(numbers, width=width, height=height)
    except ValueError as error:
        raise UsageError(
            f"Intrinsics '{text}' are not a file, 'fx,fy,cx,cy', 'fov:DEGREES', '35mm:MILLIMETRES' or 'camera:NAME'."
        ) from error
    whole = "#" not in text or Path(text).exists()
    name, _, camera = (text, "", "") if whole else text.rpartition("#")
    if Path(name).suffix.lower() in ("", ".json"):
        return read_intrinsics(Path(name)).fitted(width=width, height=height)
    read = read_calibration(Path(name), camera=camera or None)
    size = read.size or (width, height)
    return check_intrinsics(
        CameraIntrinsics(*size, *read.numbers, f"given: {read.source}", read.distortion, read.fisheye)
    ).fitted(width=width, height=height)


def from_name(name: str, *, width: int, height: int) -> CameraIntrinsics:
    """Return the camera of a name, as of `find_camera`.

    >>> round(from_name("iphone-13", width=1920, height=1080).field_of_view, 1)
    67.3
    """
    known = find_camera(name)
    if isinstance(known, Path):
        return resolve_intrinsics(known, width=width, height=height)
    focal = known.focal_length(width, height)
    source = f"the maker's figures of {known.title}"
    return check_intrinsics(CameraIntrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2, source))


def read_intrinsics(file: Path) -> CameraIntrinsics:
    """Read {"width", "height", "fx", "fy", "cx", "cy"} or {"width", "height", "K": 3x3}, in pixels, as JSON.

    Either may have "dist_k1k2p1p2k3", five numbers of OpenCV, also under the names that OpenCV and ROS use, or the four
    of a fisheye lens where "distortion_model" says so. Another lens, projection, or skew is refused by name. UsageError
    if the file is missing, else DataError.
    """
    content = read_json(file, remedy="give a JSON object with width, height and K or fx, fy, cx, cy.")
    try:
        fx, fy, cx, cy = _stated_numbers(content, file)
        distortion, fisheye = _lens(content, file)
        camera = CameraIntrinsics(
            width=pixels(content["width"], where=str(file)),
            height=pixels(content["height"], where=str(file)),
            fx=fx,
            fy=fy,
            cx=cx,
            cy=cy,
            source=f"given: {file.name}",
            distortion=distortion,
            fisheye=fisheye,
        )
    except KeyError as error:
        raise DataError(f"The intrinsics file {file} lacks {error}.") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"A value in the intrinsics file {file} is not a number ({error}).") from error
    return check_intrinsics(camera)


def _stated_numbers(content: Mapping[str, Any], file: Path) -> CameraNumbers:
    if "K" not in content:
        return float(content["fx"]), float(content["fy"]), float(content["cx"]), float(content["cy"])
    try:
        K = np.array(content["K"], dtype=np.float64)
    except ValueError as error:
        raise DataError(f"K in {file} is not a 3x3 matrix of numbers.") from error
    if K.shape != (3, 3):
        raise DataError(f"K in {file} has shape {'x'.join(map(str, K.shape))}; a 3x3 matrix is expected.")
    if not np.allclose(K[[0, 1, 2, 2, 2], [1, 0, 0, 1, 2]], [0, 0, 0, 0, 1]):
        raise DataError(f"K in {file} is not [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]; pixels with skew are not read.")
    return camera_numbers(K)


def _lens(content: Mapping[str, Any], file: Path) -> tuple[Distortion | None, Fisheye | None]:
    for key in PROJECTION_KEYS:
        if isinstance(projection := content.get(key), str) and OTHER_PROJECTION.search(projection):
            raise DataError(f"{file} states the {key} {projection}, which is not read; give a pinhole with its lens.")
    model = str(content.get("distortion_model") or BROWN_CONRADY[0]).lower()
    stated = {key: value for key, value in content.items() if ABOUT_LENS.search(key) and _counts(value)}
    stated.pop("distortion_model", None)
    if not stated and model in KANNALA_BRANDT:
        return lens(model, [0.0] * 4, where=str(file))  # without coefficients it is no pinhole either
    if not stated and model in BROWN_CONRADY:
        return None, None
    if len(stated) > 1 or not set(stated) <= DISTORTION_KEYS or model not in (*BROWN_CONRADY, *KANNALA_BRANDT):
        named = ", ".join(stated) or "a lens"
        named += "" if model in BROWN_CONRADY else f" of the model {model}"
        raise DataError(
            f"{file} states {named}, which is not read; give distortion as dist_k1k2p1p2k3, OpenCV's five numbers, or "
            "undistort the video first and give the pinhole that is left."
        )
    ((key, values),) = stated.items()
    if not isinstance(values, list) or (model in BROWN_CONRADY and len(values) != 5):
        count = len(values) if isinstance(values, list) else "no"
        raise DataError(f"{key} in {file} has {count} numbers; five are expected: k1, k2, p1, p2, k3.")
    return lens(model, [float(value) for value in values], where=str(file))


def _counts(value: object) -> bool:
    """Return whether a value states anything: it is neither empty nor zero throughout."""
    return bool(value) and not (isinstance(value, list) and not any(value))
