"""TFRecord files without TensorFlow: length, its checksum, data, its checksum, one record after the other.

The framing takes a few lines; the packages that read it want TensorFlow or hash byte by byte in Python.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8, UInt32

from vection.errors import DataError, UsageError

POLYNOMIAL = 0x82F63B78
"""CRC-32C (Castagnoli), lowest bit first."""
MASK_DELTA = 0xA282EAD8
LANES = 4096
"""So many pieces of a record are hashed side by side."""
BITS = 32
HEADER = 12
"""Bytes before the data: length and its checksum."""

Register = UInt32[np.ndarray, " value"]


def record_offsets(file: Path) -> tuple[list[int], str | None]:
    """Return where each whole record begins, without reading it, and what is wrong after the last one, if anything.

    UsageError if the file cannot be opened.
    """
    offsets: list[int] = []
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            while (offset := stream.tell()) < size:
                header = stream.read(HEADER)
                if len(header) < HEADER or not _checked(header[:8], header[8:]):
                    return offsets, f"record {len(offsets)} begins with a wrong checksum"
                end = offset + HEADER + struct.unpack("<Q", header[:8])[0] + 4
                if end > size:
                    return offsets, f"record {len(offsets)} is cut off"
                offsets.append(offset)
                stream.seek(end)
    except OSError as error:
        raise UsageError(f"The TFRecord file {file} cannot be read: {error.strerror}.") from error
    return offsets, None


def read_record(file: Path, offset: int) -> bytes:
    """Return the record that begins at `offset`; DataError if its checksum is wrong or it is cut off."""
    try:
        with file.open("rb") as stream:
            stream.seek(offset)
            header = stream.read(HEADER)
            if len(header) == HEADER and _checked(header[:8], header[8:]):
                length = min(struct.unpack("<Q", header[:8])[0], file.stat().st_size)
                data = stream.read(length)
                if len(data) == length and _checked(data, stream.read(4)):
                    return data
    except OSError as error:
        raise DataError(f"The TFRecord file {file} cannot be read: {error.strerror}.") from error
    raise DataError(f"The record at byte {offset} of {file} is damaged (checksum); download the file again.")


def write_records(file: Path, records: Sequence[bytes]) -> None:
    """Write records as TensorFlow does."""
    with file.open("wb") as stream:
        for record in records:
            length = struct.pack("<Q", len(record))
            for part in (length, record):
                stream.write(part + struct.pack("<I", masked_crc(part)))


def masked_crc(data: bytes) -> int:
    """Return the checksum as TFRecord stores it: rotated right by 15 bits, plus a constant."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of `data`; its pieces are hashed side by side and then joined."""
    length = len(data) // LANES
    state = 0xFFFFFFFF
    if length:
        pieces = np.frombuffer(data, np.uint8, LANES * length).reshape(LANES, length)
        shift = _shift_tables(length)
        # The register is linear in its bits: after a and b it is that of a, led through |b| zeros, xor that of b.
        for piece in _hash_pieces(pieces).tolist():
            low = shift[0][state & 255] ^ shift[1][state >> 8 & 255]
            state = piece ^ low ^ shift[2][state >> 16 & 255] ^ shift[3][state >> 24]
    table = _byte_table().tolist()
    for byte in data[LANES * length :]:
        state = table[(state ^ byte) & 255] ^ state >> 8
    return state ^ 0xFFFFFFFF


def _checked(data: bytes, stored: bytes) -> bool:
    return len(stored) == 4 and masked_crc(data) == struct.unpack("<I", stored)[0]


def _hash_pieces(pieces: UInt8[np.ndarray, "value byte"]) -> Register:
    """Return the register of each piece, which starts at 0."""
    table, state = _byte_table(), np.zeros(len(pieces), np.uint32)
    for column in np.ascontiguousarray(pieces.T):
        state = table[(state ^ column) & 255] ^ state >> 8
    return state


@lru_cache(maxsize=1)
def _byte_table() -> Register:
    """Return the register after one byte."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.asarray(table >> 1 ^ np.where(table & 1, POLYNOMIAL, 0), np.uint32)
    return table


@lru_cache(maxsize=64)
def _shift_tables(length: int) -> list[list[int]]:
    """Return what `length` zero bytes make of each value of each of the register's four bytes."""
    bits = np.uint32(1) << np.arange(BITS, dtype=np.uint32)
    power = _byte_table()[bits & 255] ^ bits >> 8  # one zero byte, as the image of each bit
    result = bits
    while length:
        if length & 1:
            result = _apply(power, result)
        power = _apply(power, power)
        length >>= 1
    values = np.arange(256, dtype=np.uint32)
    return [_apply(result, values << np.uint32(shift)).tolist() for shift in (0, 8, 16, 24)]


def _apply(images: UInt32[np.ndarray, "32"], values: Register) -> Register:
    """Map values linearly, given the image of each bit."""
    mapped = np.zeros_like(values)
    for bit in range(BITS):
        mapped ^= np.where(values >> np.uint32(bit) & 1, images[bit], np.uint32(0))
    return mapped
