"""Arrays of numbers from MATLAB's .mat files (level 5, the format of `save -v6` and `-v7`)."""

import struct
import zlib
from pathlib import Path

import numpy as np

from vection.errors import DataError

HEADER = 128
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""NumPy's name of each data type of the format."""
CLASSES = range(6, 16)
"""Array classes that hold numbers: double, single, integers."""


def read_matlab_array(file: Path, name: str) -> np.ndarray:
    """Return the array `name`, in MATLAB's order of axes. DataError if the file is broken or lacks it."""
    try:
        content = file.read_bytes()
        order = {b"IM": "<", b"MI": ">"}[content[126:128]]
        found = _find(content[HEADER:], name, order)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error
    except (KeyError, ValueError, IndexError, struct.error, zlib.error) as error:
        raise DataError(f"{file} is not a whole MATLAB file of level 5 ({type(error).__name__}: {error}).") from error
    if found is None:
        raise DataError(f"{file} holds no array of numbers called '{name}'.")
    return found


def _find(content: bytes, name: str, order: str) -> np.ndarray | None:
    while content:
        kind, body, content = _element(content, order)
        if kind == COMPRESSED:
            kind, body, _ = _element(zlib.decompress(body), order)
        if kind != MATRIX:
            continue
        parts = []
        for _ in range(4):
            part, data, body = _element(body, order)
            parts.append((part, data))
        flags, sizes, label, values = parts
        if label[1].decode() != name or flags[1][0 if order == "<" else 3] not in CLASSES:
            continue
        shape = np.frombuffer(sizes[1], f"{order}i4")
        numbers = np.frombuffer(values[1], order + NUMBERS[values[0]])
        return numbers.reshape(shape, order="F")
    return None


def _element(content: bytes, order: str) -> tuple[int, bytes, bytes]:
    """Return the type and the data of the first element, and what comes after it."""
    kind, size = struct.unpack(f"{order}II", content[:8])
    if kind >> 16:  # a small element: type and size share four bytes, the data the other four
        return kind & 0xFFFF, content[4 : 4 + (kind >> 16)], content[8:]
    if len(content) < 8 + size:
        raise ValueError("it ends too early")
    padded = size if kind == COMPRESSED else (size + 7) // 8 * 8
    return kind, content[8 : 8 + size], content[8 + padded :]
