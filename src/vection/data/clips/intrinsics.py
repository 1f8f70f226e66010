"""The camera of images: numbers that are checked, and carried through crop and resize."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vection.arrays import CameraMatrix, CameraNumbers, Distortion, Fisheye, Projection
from vection.data.calibration.profiles import FILM_DIAGONAL
from vection.data.clips.resizing import resize_camera
from vection.errors import DataError

ASSUMED_FIELD_OF_VIEW = 60.0
"""Degrees, horizontal; between a phone's main camera (about 65) and a dash camera after cropping."""
FIELD_OF_VIEW_RANGE = (5.0, 150.0)
ASPECT_TOLERANCE = 0.01
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
