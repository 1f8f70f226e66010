"""Protocol buffers by field number, straight from their wire format.

Waymo's frames need some forty fields, most of their bytes in a few packed arrays: those become NumPy arrays in one go
here, which the protobuf package does value by value; its generated classes would come with TensorFlow besides.
"""

import struct
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt64

from vection.errors import DataError

# How a field is stored, the lowest three bits of its tag
VARINT = 0
EIGHT_BYTES = 1
LENGTH = 2
FOUR_BYTES = 5


class Message:
    """The fields of one serialised message. All methods take a field's number; what is absent is 0 or empty.

    Raises DataError where the bytes are no message or a field is of another type.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        for number, value in _parse(memoryview(data)):
            self._fields.setdefault(number, []).append(value)

    def integer(self, number: int) -> int:
        """Return the last value of an integer, enum or bool field."""
        value = self._last(number, 0)
        if not isinstance(value, int):
            raise DataError(f"Field {number} of a message is not an integer.")
        return value - (1 << 64) if value >= 1 << 63 else value

    def real(self, number: int) -> float:
        """Return the last value of a float or double field."""
        value = self._last(number, memoryview(bytes(8)))
        if isinstance(value, int) or len(value) not in (4, 8):
            raise DataError(f"Field {number} of a message is not a real number.")
        return float(struct.unpack("<d" if len(value) == 8 else "<f", value)[0])

    def bytes(self, number: int) -> bytes:
        """Return the last value of a bytes field."""
        return bytes(self._view(number))

    def text(self, number: int) -> str:
        """Return the last value of a string field."""
        return self.bytes(number).decode("utf-8", errors="replace")

    def message(self, number: int) -> "Message":
        """Return the last value of a message field, without fields if it is absent."""
        return Message(self._view(number))

    def messages(self, number: int) -> list["Message"]:
        """Return all values of a message field."""
        return [Message(self._checked(value, number)) for value in self._fields.get(number, [])]

    def has(self, number: int) -> bool:
        """Return whether the field is present."""
        return number in self._fields

    def doubles(self, number: int) -> Float64[np.ndarray, " value"]:
        """Return all values of a repeated double, packed or not."""
        return np.frombuffer(self._joined(number), "<f8").astype(np.float64)

    def floats(self, number: int) -> Float32[np.ndarray, " value"]:
        """Return all values of a repeated float, packed or not."""
        return np.frombuffer(self._joined(number), "<f4").astype(np.float32)

    def integers(self, number: int) -> Int64[np.ndarray, " value"]:
        """Return all values of a repeated integer, packed or not."""
        parts = [
            np.array([value], np.uint64) if isinstance(value, int) else decode_varints(value)
            for value in self._fields.get(number, [])
        ]
        return np.concatenate([np.zeros(0, np.uint64), *parts]).view(np.int64)

    def _last(self, number: int, default: int | memoryview) -> int | memoryview:
        return self._fields.get(number, [default])[-1]

    def _view(self, number: int) -> memoryview:
        return self._checked(self._last(number, memoryview(b"")), number)

    def _joined(self, number: int) -> memoryview:
        parts = [self._checked(value, number) for value in self._fields.get(number, [])]
        return parts[0] if len(parts) == 1 else memoryview(b"".join(parts))

    @staticmethod
    def _checked(value: int | memoryview, number: int) -> memoryview:
        if isinstance(value, int):
            raise DataError(f"Field {number} of a message is an integer where bytes are expected.")
        return value


def decode_varints(data: bytes | memoryview) -> UInt64[np.ndarray, " value"]:
    """Return the unsigned 64-bit integers of packed varints: seven bits a byte, lowest first."""
    stored = np.frombuffer(data, np.uint8)
    if not stored.size:
        return np.zeros(0, np.uint64)
    ends = np.flatnonzero(stored < 128)
    if not ends.size or ends[-1] != stored.size - 1:
        raise DataError("A packed field of a message ends in the middle of a number.")
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(stored.size) - np.repeat(starts, ends - starts + 1)
    bits = (stored & 127).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.asarray(np.add.reduceat(bits, starts))


def read_varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Return the number at `position`, and the position after it."""
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise DataError("A message ends in the middle of a number.")
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def _parse(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    position = 0
    while position < len(data):
        tag, position = read_varint(data, position)
        kind = tag & 7
        if tag < 8:
            raise DataError("The bytes are no protocol buffer message: a field has the number 0.")
        if kind == VARINT:
            value, position = read_varint(data, position)
            yield tag >> 3, value
            continue
        length = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(kind)
        if kind == LENGTH:
            length, position = read_varint(data, position)
        if length is None or position + length > len(data):
            raise DataError("The bytes are no protocol buffer message, or are cut off.")
        yield tag >> 3, data[position : position + length]
        position += length
