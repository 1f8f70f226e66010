"""What a calibration says of a camera, whoever wrote it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vection.arrays import CameraNumbers, Distortion, Fisheye
from vection.errors import DataError

BROWN_CONRADY = ("plumb_bob", "brown_conrady", "brown-conrady", "radtan", "opencv", "rational_polynomial")
"""What the model of OpenCV's k1, k2, p1, p2, k3 is called; the rational one is it where its further numbers are 0."""
KANNALA_BRANDT = ("equidistant", "fisheye", "kannala_brandt", "kannala-brandt", "opencv_fisheye")
"""What the model of OpenCV's fisheye lens is called: an angle's odd powers, k1 to k4."""


@dataclass(frozen=True)
class Calibration:
    """A camera of images of `size`, or of the images that it is given for, where its file states none."""

    numbers: CameraNumbers
    """fx, fy, cx, cy in pixels, pixel centres at integers."""
    size: tuple[int, int] | None
    """Width and height."""
    source: str
    """File and camera, in words."""
    distortion: Distortion | None = None
    fisheye: Fisheye | None = None


def lens(model: str, coefficients: Sequence[float], *, where: str) -> tuple[Distortion | None, Fisheye | None]:
    """Return distortion and fisheye of a lens model by its name; None where there is nothing to undo.

    Raises DataError that names a model, or a number of one, that is not read.
    """
    name = model.lower()
    numbers = [float(number) for number in coefficients]
    if name in KANNALA_BRANDT:
        if len(numbers) != 4:
            raise DataError(f"{where}: the lens {model} has four numbers, k1 to k4, but {len(numbers)} are given.")
        k1, k2, k3, k4 = numbers
        return None, (k1, k2, k3, k4)
    if not any(numbers):
        return None, None
    if name not in BROWN_CONRADY:
        known = ", ".join((*BROWN_CONRADY[:4], *KANNALA_BRANDT[:2]))
        raise DataError(f"{where}: the lens model {model} is not read, only {known}; undistort the video first.")
    if len(numbers) < 4 or any(numbers[5:]):
        raise DataError(
            f"{where}: of {len(numbers)} numbers of distortion k1, k2, p1, p2 and k3 are read; further ones must be 0."
        )
    k1, k2, p1, p2, k3 = [*numbers, 0.0][:5]
    return (k1, k2, p1, p2, k3), None


def pixels(stated: Any, *, where: str) -> int:
    """Return a width or height of images. Raises DataError unless it is a whole number."""
    try:
        if int(stated) == float(stated):
            return int(stated)
    except (TypeError, ValueError, OverflowError):
        pass
    raise DataError(f"{where} states an image size of {stated}, which is no whole number of pixels; correct it.")


def refuse_unknown(content: Mapping[str, Any], known: Iterable[str], *, where: str) -> None:
    """Raise a DataError for keys that nobody reads: what they state could matter."""
    if unknown := sorted(set(map(str, content)) - set(known)):
        raise DataError(f"{where} states {', '.join(unknown)}, which is not read; take it out if it does not matter.")


def chosen(names: Collection[str], name: str | None, *, where: str) -> str:
    """Return the name of the camera that is meant. Raises DataError that lists those that are there."""
    if name is None and len(names) == 1:
        return next(iter(names))
    if name is None or name not in names:
        found = f"no camera {name}" if name else f"{len(names)} cameras"
        raise DataError(f"{where} holds {found}; name one of {', '.join(names)} as {where}#CAMERA.")
    return name
