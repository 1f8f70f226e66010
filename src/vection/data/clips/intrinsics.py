"""The camera that a user states: read, checked, and carried through crop and resize."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vection.arrays import CameraMatrix, CameraNumbers, Distortion, Fisheye, Projection
from vection.data.calibration.calibration import BROWN_CONRADY, KANNALA_BRANDT, lens
from vection.data.calibration.read import read_calibration
from vection.data.clips.resizing import resize_camera
from vection.errors import DataError, UsageError
from vection.files import read_json

ASSUMED_FIELD_OF_VIEW = 60.0
"""Degrees, horizontal; between a phone's main camera (about 65) and a dash camera after cropping."""
FIELD_OF_VIEW_RANGE = (5.0, 150.0)
FILM_DIAGONAL = math.hypot(36.0, 24.0)
"""Millimetres."""
ASPECT_TOLERANCE = 0.01
DISTORTION_KEYS = frozenset(
    {"dist_k1k2p1p2k3", "D", "dist", "dist_coeffs", "distortion", "distortion_coefficients", "distCoeffs"}
)
ABOUT_LENS = re.compile(r"dist|coeff|fisheye|skew|^(d|xi|alpha|k[1-6]|p[12])$", re.IGNORECASE)
"""Keys of a calibration that a pinhole camera has no room for, unless they are zero."""
NORMALISED_BELOW = 4.0
"""A focal length or centre below this many pixels is a normalised value or a mistake."""


@dataclass(frozen=True)
class CameraIntrinsics:
    """Pinhole camera of images of `width` x `height`, in pixels, pixel centres at integers.

    `distortion` is OpenCV's k1, k2, p1, p2, k3, or `fisheye` its k1 to k4 of a fisheye lens. `source` says in words
    where the numbers come from.

    >>> camera = CameraIntrinsics(640, 192, fx=370.0, fy=370.0, cx=319.5, cy=95.5, source="calibration")
    >>> camera.resized(width=320, height=96).numbers
    (185.0, 185.0, 159.5, 47.5)
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    source: str
    distortion: Distortion | None = None
    fisheye: Fisheye | None = None

    @property
    def is_pinhole(self) -> bool:
        """Whether straight lines are straight in its images."""
        return self.distortion is None and self.fisheye is None

    @property
    def numbers(self) -> CameraNumbers:
        """Return fx, fy, cx, cy."""
        return self.fx, self.fy, self.cx, self.cy

    @property
    def matrix(self) -> CameraMatrix:
        """Return the 3x3 matrix K."""
        return camera_matrix(self.numbers)

    @property
    def field_of_view(self) -> float:
        """Return the horizontal field of view in degrees, without distortion."""
        return math.degrees(math.atan((self.cx + 0.5) / self.fx) + math.atan((self.width - 0.5 - self.cx) / self.fx))

    def cropped(self, *, left: int, top: int, width: int, height: int) -> "CameraIntrinsics":
        """Return the camera of a part of the image."""
        return replace(self, width=width, height=height, cx=self.cx - left, cy=self.cy - top)

    def resized(self, *, width: int, height: int) -> "CameraIntrinsics":
        """Return the camera of the resized image."""
        fx, fy, cx, cy = resize_camera(self.numbers, from_size=(self.height, self.width), to_size=(height, width))
        return replace(self, width=width, height=height, fx=fx, fy=fy, cx=cx, cy=cy)

    def fitted(self, *, width: int, height: int) -> "CameraIntrinsics":
        """Return the camera for a full image of another size; DataError if its aspect ratio differs by over 1 %."""
        if (width, height) == (self.width, self.height):
            return self
        if abs(width * self.height / (height * self.width) - 1) > ASPECT_TOLERANCE:
            raise DataError(
                f"The intrinsics are of {self.width}x{self.height} images ({self.source}) but the images are "
                f"{width}x{height}, another shape; give the intrinsics of these images."
            )
        return self.resized(width=width, height=height)


def camera_matrix(numbers: CameraNumbers) -> CameraMatrix:
    """Return K = [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]."""
    fx, fy, cx, cy = numbers
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])


def camera_numbers(K: CameraMatrix | Projection) -> CameraNumbers:
    """Return fx, fy, cx, cy of a camera matrix, or of a projection that begins with one."""
    return float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2])


def check_intrinsics(camera: CameraIntrinsics) -> CameraIntrinsics:
    """Return the camera if it is possible; else raise a DataError that says which number is wrong."""
    where = f"in {camera.source}"
    if camera.width < 1 or camera.height < 1:
        raise DataError(f"Image size {camera.width}x{camera.height} {where}; it must be positive.")
    if not all(map(math.isfinite, (*camera.numbers, *(camera.distortion or ()), *(camera.fisheye or ())))):
        raise DataError(f"A number of the intrinsics is not finite {where}; correct the calibration.")
    if camera.fx <= 0 or camera.fy <= 0:
        raise DataError(f"fx = {camera.fx:g}, fy = {camera.fy:g} {where}; focal lengths are positive pixels.")
    small = [abs(number) < NORMALISED_BELOW for number in camera.numbers]
    if any(small) and camera.width > 16:
        mixed = "all look normalised" if all(small) else "some look normalised and some in pixels"
        raise DataError(f"fx, fy, cx, cy = {camera.numbers} {where}: {mixed}; give all four in pixels.")
    if not (0 <= camera.cx <= camera.width - 1 and 0 <= camera.cy <= camera.height - 1):
        raise DataError(
            f"The centre ({camera.cx:g}, {camera.cy:g}) lies outside the {camera.width}x{camera.height} image {where}; "
            "give K and the image size of the same resolution."
        )
    lowest, highest = FIELD_OF_VIEW_RANGE
    for focal, size, name in ((camera.fx, camera.width, "horizontal"), (camera.fy, camera.height, "vertical")):
        angle = math.degrees(2 * math.atan(size / 2 / focal))
        if camera.fisheye is None and not (
            angle <= highest and (angle >= lowest or (name == "vertical" and angle >= lowest / 4))
        ):
            raise DataError(
                f"A {name} field of view of {angle:.1f} degrees {where} is not from {lowest:g} to {highest:g}; "
                "focal length and image size do not fit together."
            )
    return camera


def from_field_of_view(degrees: float, *, width: int, height: int, source: str | None = None) -> CameraIntrinsics:
    """Return a camera of square pixels whose centre is the image's and whose width spans `degrees`.

    >>> camera = from_field_of_view(90.0, width=640, height=192)
    >>> round(camera.fx, 3), camera.cx
    (320.0, 319.5)
    """
    lowest, highest = FIELD_OF_VIEW_RANGE
    if not lowest <= degrees <= highest:
        raise DataError(f"A horizontal field of view of {degrees:g} degrees is not from {lowest:g} to {highest:g}.")
    focal = width / 2 / math.tan(math.radians(degrees) / 2)
    source = source or f"given: horizontal field of view {degrees:g} degrees"
    return CameraIntrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2, source)


def from_equivalent(focal: float, *, width: int, height: int) -> CameraIntrinsics:
    """Return a camera of square pixels by its 35 mm equivalent focal length in millimetres, which goes by the diagonal.

    >>> round(from_equivalent(26.0, width=4032, height=3024).field_of_view, 1)  # the main camera of many phones
    67.3
    """
    focal_pixels = focal * math.hypot(width, height) / FILM_DIAGONAL
    source = f"35 mm equivalent focal length {focal:g} mm"
    return check_intrinsics(
        CameraIntrinsics(width, height, focal_pixels, focal_pixels, (width - 1) / 2, (height - 1) / 2, source)
    )


def assumed_intrinsics(*, width: int, height: int) -> CameraIntrinsics:
    """Return the camera assumed when nothing is known; its `source` begins with "assumed"."""
    source = f"assumed: horizontal field of view {ASSUMED_FIELD_OF_VIEW:g} degrees, square pixels, central axis"
    return from_field_of_view(ASSUMED_FIELD_OF_VIEW, width=width, height=height, source=source)


def from_numbers(numbers: Sequence[float], *, width: int, height: int) -> CameraIntrinsics:
    """Return the camera of fx, fy, cx, cy in pixels, or all four normalised by the image's width and height.

    Normalised coordinates run from 0 to 1 between the image's outer edges, so cx = 0.5 is the middle.
    """
    if len(numbers) != 4:
        raise DataError(f"Intrinsics are the four numbers fx, fy, cx, cy, but {len(numbers)} are given.")
    fx, fy, cx, cy = numbers
    if all(abs(number) < NORMALISED_BELOW for number in numbers):
        camera = CameraIntrinsics(
            width, height, fx * width, fy * height, cx * width - 0.5, cy * height - 0.5, "given: normalised numbers"
        )
    else:
        camera = CameraIntrinsics(width, height, fx, fy, cx, cy, "given: pixels")
    return check_intrinsics(camera)


def read_intrinsics(file: Path) -> CameraIntrinsics:
    """Read {"width", "height", "fx", "fy", "cx", "cy"} or {"width", "height", "K": 3x3}, in pixels, as JSON.

    Either may have "dist_k1k2p1p2k3", five numbers of OpenCV, also under the names that OpenCV and ROS use, or the four
    of a fisheye lens where "distortion_model" says so. Another lens, or skew, is refused by name. UsageError if the
    file is missing, else DataError.
    """
    content = read_json(file, remedy="give a JSON object with width, height and K or fx, fy, cx, cy.")
    try:
        fx, fy, cx, cy = _stated_numbers(content, file)
        distortion, fisheye = _lens(content, file)
        camera = CameraIntrinsics(
            width=_pixels(content["width"]),
            height=_pixels(content["height"]),
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


def resolve_intrinsics(given: str | Path | CameraIntrinsics | None, *, width: int, height: int) -> CameraIntrinsics:
    """Return the camera of images of this size from a file, "fx,fy,cx,cy", "fov:DEGREES", "35mm:MILLIMETRES", or None.

    The last is a 35 mm equivalent focal length; None is the camera that is assumed.

    The file is JSON as of `read_intrinsics`, or a calibration as of `read_calibration`, with "#CAMERA" where it holds
    several.
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
        if text.count(",") >= 2:
            numbers = [float(number) for number in text.split(",")]
            return from_numbers(numbers, width=width, height=height)
    except ValueError as error:
        raise UsageError(
            f"Intrinsics '{text}' are not a file, 'fx,fy,cx,cy', 'fov:DEGREES' or '35mm:MILLIMETRES'."
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


def _pixels(stated: Any) -> int:
    """Return a number of pixels, which 1280.5 is not; ValueError or OverflowError if it is none."""
    if int(stated) != float(stated):
        raise ValueError(f"{stated} pixels")
    return int(stated)


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
    stated = {key: value for key, value in content.items() if ABOUT_LENS.search(key) and _counts(value)}
    model = str(stated.pop("distortion_model", BROWN_CONRADY[0])).lower()
    if not stated:
        return None, None
    if len(stated) > 1 or not set(stated) <= DISTORTION_KEYS or model not in (*BROWN_CONRADY, *KANNALA_BRANDT):
        named = ", ".join(stated) + ("" if model in BROWN_CONRADY else f" of the model {model}")
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
