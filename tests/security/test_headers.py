"""Headers that promise more than a file holds are refused before memory is taken for it."""

import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.torch import load_file

from vection.array_files import open_arrays, read_array
from vection.data.clips.image_file import MOST_PIXELS, read_rgb
from vection.data.ingest.video import VideoFile
from vection.data.readers.waymo.frame import MOST_BYTES, _matrix
from vection.data.readers.waymo.tfrecord import masked_crc, read_record, record_offsets
from vection.errors import DataError, VectionError

MEGABYTES = 100
"""More than any of these files may cost."""


def png(path: Path, width: int, height: int) -> Path:
    coded = bytearray(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    coded[16:24] = struct.pack(">II", width, height)
    coded[29:33] = struct.pack(">I", zlib.crc32(coded[12:29]))
    path.write_bytes(coded)
    return path


def jpeg(path: Path, width: int, height: int) -> Path:
    coded = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    place = coded.index(b"\xff\xc0") + 5
    path.write_bytes(coded[:place] + struct.pack(">HH", height, width) + coded[place + 4 :])
    return path


def bmp(path: Path, width: int, height: int) -> Path:
    coded = bytearray(cv2.imencode(".bmp", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    coded[18:26] = struct.pack("<ii", width, height)
    path.write_bytes(coded)
    return path


def npy(path: Path, *shape: int) -> Path:
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        file.write(bytes(100))
    return path


def npz(path: Path, data: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("depth.npy", data)
    return path


def bomb(path: Path, *, member: str, gigabytes: float) -> Path:
    """A zip archive whose member of zeros unpacks to so much."""
    head = path.with_name("head.npy")
    count = int(gigabytes * 64) * 2**22
    npy(head, count)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(member, "w", force_zip64=True) as file,
    ):
        file.write(head.read_bytes()[:-100])
        for _ in range(count // 2**22):
            file.write(bytes(2**24))
    return path


def packed(size: int) -> bytes:
    """So many zeros, compressed piece by piece."""
    packing = zlib.compressobj(1)
    return b"".join(packing.compress(bytes(2**20)) for _ in range(size // 2**20)) + packing.flush()


def opened(path: Path) -> object:
    with open_arrays(path, what="The maps") as arrays:
        return arrays["depth"]


def tfrecord(path: Path) -> Path:
    length = struct.pack("<Q", 2**40)
    path.write_bytes(length + struct.pack("<I", masked_crc(length)) + bytes(100))
    return path


def safetensors(path: Path) -> Path:
    path.write_bytes(struct.pack("<Q", 2**40) + b"{}" + bytes(100))
    return path


READERS: dict[str, Callable[[Path], object]] = {
    "png": lambda folder: read_rgb(png(folder / "a.png", 60000, 60000)),
    "png, within OpenCV's own limit": lambda folder: read_rgb(png(folder / "a.png", 32000, 32000)),
    "jpeg": lambda folder: read_rgb(jpeg(folder / "a.jpg", 60000, 60000)),
    "bmp": lambda folder: read_rgb(bmp(folder / "a.bmp", 60000, 60000)),
    "npy": lambda folder: read_array(npy(folder / "a.npy", 10**6, 10**6), what="The depth"),
    "npy of 10^9 entries": lambda folder: read_array(npy(folder / "a.npy", 10**9), what="The depth"),
    "npz": lambda folder: opened(npz(folder / "a.npz", npy(folder / "a.npy", 10**9).read_bytes())),
    "npz that unpacks": lambda folder: opened(bomb(folder / "a.npz", member="depth.npy", gigabytes=0.3)),
    "range image that unpacks": lambda _: _matrix(packed(8 * MOST_BYTES), real=True),
    "record of 10^12 bytes": lambda folder: read_record(tfrecord(folder / "a.tfrecord"), 0),
    "weights of 10^12 bytes": lambda folder: load_file(safetensors(folder / "a.safetensors")),
    "video": lambda folder: list(VideoFile(png(folder / "a.png", 60000, 60000))),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_promise_takes_no_memory(read: Callable[[Path], object], tmp_path: Path):
    tracemalloc.start()
    try:
        with pytest.raises((VectionError, SafetensorError)):
            read(tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTES * 2**20


@pytest.mark.parametrize("write", [png, jpeg])
def test_a_size_of_no_camera_never_reaches_the_decoder(write: Callable[[Path, int, int], Path], tmp_path: Path):
    with pytest.raises(DataError, match="says that it is 60000x60000"):
        read_rgb(write(tmp_path / "a", 60000, 60000))


def test_a_chunk_that_promises_more_never_reaches_the_decoder(tmp_path: Path):
    """Which would take the memory outside Python."""
    path = png(tmp_path / "a.png", 8, 8)
    coded = bytearray(path.read_bytes())
    place = coded.index(b"IDAT") - 4
    coded[place : place + 4] = struct.pack(">I", 2**31 - 1)
    path.write_bytes(coded)
    with pytest.raises(DataError, match="cut off"):
        read_rgb(path)


def test_records_that_promise_more_are_not_listed(tmp_path: Path):
    assert record_offsets(tfrecord(tmp_path / "a.tfrecord")) == ([], "record 0 is cut off")


def test_the_largest_camera_is_no_hostile_file():
    assert MOST_PIXELS > 16320 * 12240  # 200 megapixels of a phone
