"""Images of data sets, read whole or refused: decoders fill the lost part of a cut file with grey and say nothing."""

from pathlib import Path

import cv2
import numpy as np

from vection.arrays import AnyArray, RgbImage
from vection.errors import DataError

ENDINGS = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND"}
"""What a file that begins so must have near its end."""
NEAR_END = 4096
"""Bytes; some cameras pad their files."""


def read_whole_rgb(path: Path) -> RgbImage:
    """Return an image as RGB, height x width x 3. DataError if it is missing, cut off or no image."""
    image = _decode(path, cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def read_whole_map(path: Path) -> AnyArray:
    """Return a one-channel image with its own type (8 or 16 bit). DataError as above, or if it has colours."""
    image = _decode(path, cv2.IMREAD_UNCHANGED)
    if image.ndim != 2:
        raise DataError(f"{path} has {image.shape[2]} channels; a map of one is expected.")
    return image


def decode_rgb(coded: bytes, *, name: str) -> RgbImage:
    """Return an image from the bytes of its file; `name` is for the DataError."""
    return np.asarray(cv2.cvtColor(_decode_bytes(coded, cv2.IMREAD_COLOR, name), cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _decode(path: Path, flags: int) -> AnyArray:
    try:
        return _decode_bytes(path.read_bytes(), flags, str(path))
    except OSError as error:
        raise DataError(f"The image {path} cannot be read: {error.strerror}.") from error


def _decode_bytes(coded: bytes, flags: int, name: str) -> AnyArray:
    for begin, end in ENDINGS.items():
        if coded.startswith(begin) and end not in coded[-NEAR_END:]:
            raise DataError(f"The image {name} is cut off (its end is missing); copy it again.")
    image = cv2.imdecode(np.frombuffer(coded, np.uint8), flags) if coded else None
    if image is None:
        raise DataError(f"The image {name} is empty or cannot be decoded; copy it again.")
    return np.asarray(image)
