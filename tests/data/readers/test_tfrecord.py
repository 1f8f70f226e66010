from pathlib import Path

import numpy as np
import pytest

from vection.data.readers.waymo.tfrecord import LANES, crc32c, masked_crc, read_record, record_offsets, write_records
from vection.errors import DataError, UsageError


def plain_crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_checksum_of_the_standard():
    # RFC 3720, B.4
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"") == 0


@pytest.mark.parametrize("length", [1, LANES - 1, LANES, LANES + 1, 3 * LANES + 77])
def test_pieces_side_by_side_give_the_checksum_of_the_whole(length):
    data = np.random.default_rng(length).integers(0, 256, length, dtype=np.uint8).tobytes()
    assert crc32c(data) == plain_crc(data)


def test_mask_rotates_and_adds():
    # The length 24 as TensorFlow writes it before a record of 24 bytes.
    crc = crc32c(b"\x18" + bytes(7))
    assert masked_crc(b"\x18" + bytes(7)) == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) % 2**32


def test_records_are_found_and_read(tmp_path: Path):
    records = [b"first", b"", b"x" * 10_000]
    write_records(tmp_path / "a.tfrecord", records)
    offsets, problem = record_offsets(tmp_path / "a.tfrecord")
    assert problem is None
    assert offsets == [0, 21, 37]
    assert [read_record(tmp_path / "a.tfrecord", offset) for offset in offsets] == records


def test_damage_is_found(tmp_path: Path):
    file = tmp_path / "a.tfrecord"
    write_records(file, [b"first", b"second"])
    whole = file.read_bytes()
    file.write_bytes(whole[:14] + b"X" + whole[15:])
    with pytest.raises(DataError, match=r"byte 0 .* damaged"):
        read_record(file, 0)
    file.write_bytes(whole[:-3])
    assert record_offsets(file) == ([0], "record 1 is cut off")
    file.write_bytes(whole[:21] + bytes(12))
    assert record_offsets(file) == ([0], "record 1 begins with a wrong checksum")
    with pytest.raises(UsageError, match="cannot be read"):
        record_offsets(tmp_path / "none")


def test_real_record_has_the_checksum_that_tensorflow_wrote(shared_data: Path):
    file = shared_data / "waymo_frame" / "pvps_data_one_frame.tfrecord"
    offsets, problem = record_offsets(file)
    assert (offsets, problem) == ([0], None)
    assert len(read_record(file, 0)) == 2_168_758
