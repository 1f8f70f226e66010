"""Images: written in one step, and read whole or refused, as decoders fill the lost part of a file with grey."""

import struct
from pathlib import Path

import cv2
import numpy as np

from vection.arrays import AnyArray, GreyImage, RgbImage
from vection.errors import DataError, UsageError
from vection.files import whole_file

JPEG_QUALITY = 95
JPEG_BYTES = 0.1
"""Of a pixel in frames of this quality, at least; pictures of the street take three times that."""

MOST_PIXELS = 2**28
"""Of an image: what the largest cameras take. A damaged or hostile header may promise anything."""


def read_rgb(path: Path) -> RgbImage:
    """Return an image as RGB, height x width x 3. DataError if it is missing, cut off, too large or no image."""
    return _rgb(_decode(path, cv2.IMREAD_COLOR))


def read_grey(path: Path) -> GreyImage:
    """Return the brightness of an image, 0..255. DataError as of `read_rgb`."""
    return np.asarray(_decode(path, cv2.IMREAD_GRAYSCALE), np.uint8)


def read_map(path: Path) -> AnyArray:
    """Return a one-channel image with its own type. DataError as of `read_rgb`, or if it has colours."""
    image = read_stored(path)
    if image.ndim != 2:
        raise DataError(f"{path} has {image.shape[2]} channels; a map of one is expected.")
    return image


def read_stored(path: Path) -> AnyArray:
    """Return an image as it is stored, colours as blue, green, red. DataError as of `read_rgb`."""
    return _decode(path, cv2.IMREAD_UNCHANGED)


def write_map(path: Path, image: AnyArray) -> None:
    """Write a one-channel image in one step; the suffix says how. UsageError if the place cannot be written."""
    _write(path, image, [])


def write_rgb(path: Path, image: RgbImage) -> None:
    """Write an RGB image in one step; the suffix says how, JPEG in quality 95. UsageError if it cannot be written."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix in (".jpg", ".jpeg") else []
    _write(path, image[..., ::-1], options)


def decode_rgb(coded: bytes, *, name: str) -> RgbImage:
    """Return an image from the bytes of its file; `name` is for the DataError."""
    return _rgb(_decode_bytes(coded, cv2.IMREAD_COLOR, name))


def decode_map(coded: bytes, *, name: str) -> AnyArray:
    """Return an image from the bytes of its file, with its own channels and type; `name` is for the DataError."""
    return _decode_bytes(coded, cv2.IMREAD_UNCHANGED, name)


def _rgb(image: AnyArray) -> RgbImage:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _write(path: Path, image: AnyArray, options: list[int]) -> None:
    done, coded = cv2.imencode(path.suffix, image, options)
    if not done:
        raise UsageError(f"Cannot encode an image as '{path.suffix}' ({path}); use .jpg or .png.")
    with whole_file(path) as temporary:
        temporary.write_bytes(coded.tobytes())


def _decode(path: Path, flags: int) -> AnyArray:
    try:
        coded = path.read_bytes()  # OpenCV itself crashes on paths that are no UTF-8
    except FileNotFoundError as error:
        raise DataError(f"The image {path} is missing; restore it or leave it out.") from error
    except OSError as error:
        raise DataError(f"The image {path} cannot be read: {error.strerror}.") from error
    return _decode_bytes(coded, flags, str(path))


def _decode_bytes(coded: bytes, flags: int, name: str) -> AnyArray:
    height, width, whole = _header(coded)
    if not whole:
        raise DataError(f"The image {name} is cut off (its end is missing); copy it again.")
    if height * width > MOST_PIXELS:
        raise DataError(f"The image {name} says that it is {width}x{height}, more than can be read; it is damaged.")
    try:
        image = cv2.imdecode(np.frombuffer(coded, np.uint8), flags) if coded else None
    except cv2.error:  # other formats promise too much as well
        image = None
    if image is None:
        raise DataError(f"The image {name} is empty or cannot be decoded; copy it again.")
    return np.asarray(image)


def _header(coded: bytes) -> tuple[int, int, bool]:
    """Return height, width and whether the end is there, of PNG and JPEG; what follows the end is of no interest."""
    if coded.startswith(b"\x89PNG") and len(coded) >= 24:
        width, height = struct.unpack(">II", coded[16:24])
        return height, width, _has_png_end(coded)
    if not coded.startswith(b"\xff\xd8"):
        return 0, 0, True
    height, width, place = 0, 0, 2
    while place + 9 <= len(coded) and coded[place] == 0xFF:
        kind, length = coded[place + 1], int.from_bytes(coded[place + 2 : place + 4])
        if kind == 0xDA:  # the pixels follow, in which no other end can stand
            break
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", coded[place + 5 : place + 9])
        place += 1 if kind == 0xFF else 2 + length
    return height, width, coded.find(b"\xff\xd9", place) >= 0


def _has_png_end(coded: bytes) -> bool:
    """Whether the chunks follow one another to the last; a decoder takes the memory that a chunk claims."""
    place = 8
    while place + 12 <= len(coded):
        length, kind = int.from_bytes(coded[place : place + 4]), coded[place + 4 : place + 8]
        if kind == b"IEND":
            return True
        place += 12 + length
    return False
