import numpy as np
import pytest
from tests.data.readers.fake_waymo import doubles, field, varint

from vection.data.readers.waymo.protobuf_wire import Message, decode_varints, read_varint
from vection.errors import DataError


def test_fields_of_each_kind():
    four_bytes = bytes([5 << 3 | 5]) + np.float32(1.5).tobytes()
    message = Message(field(1, 300) + field(2, "name") + field(3, field(1, 7)) + field(4, 2.25) + four_bytes)
    assert message.integer(1) == 300
    assert message.text(2) == "name"
    assert message.message(3).integer(1) == 7
    assert (message.real(4), message.real(5)) == (2.25, 1.5)
    assert (message.has(1), message.has(9)) == (True, False)


def test_what_is_absent_is_nothing_and_the_last_value_counts():
    message = Message(field(1, 1) + field(1, 2))
    assert message.integer(1) == 2
    assert (message.integer(9), message.real(9), message.text(9), message.messages(9)) == (0, 0.0, "", [])
    assert message.doubles(9).size == message.integers(9).size == 0


def test_negative_integers():
    assert Message(field(1, 2**64 - 5)).integer(1) == -5
    assert Message(field(1, varint(2**64 - 5) + varint(3))).integers(1).tolist() == [-5, 3]


def test_arrays_packed_or_not():
    values = np.array([1.0, -2.5, 1e9])
    assert Message(doubles(1, values)).doubles(1).tolist() == values.tolist()
    assert Message(field(1, values.tobytes())).doubles(1).tolist() == values.tolist()
    assert Message(field(1, values.astype("<f4").tobytes())).floats(1).tolist() == values.astype("f4").tolist()
    numbers = [0, 127, 128, 300, 2**40, 2**64 - 1]
    assert decode_varints(b"".join(map(varint, numbers))).tolist() == numbers
    assert Message(b"".join(field(1, number) for number in (5, 600))).integers(1).tolist() == [5, 600]


@pytest.mark.parametrize("data", [b"\x0a\x05abc", b"\x80", b"\x0b", b"\x09abc", b"\x80" * 12])
def test_what_is_no_message(data):
    with pytest.raises(DataError, match="message"):
        Message(data)


def test_wrong_types():
    message = Message(field(1, 5) + field(2, b"abc"))
    with pytest.raises(DataError, match="Field 1"):
        message.bytes(1)
    with pytest.raises(DataError, match="Field 2"):
        message.integer(2)
    with pytest.raises(DataError, match="Field 2"):
        message.real(2)
    with pytest.raises(DataError, match="middle of a number"):
        decode_varints(b"\x80")
    with pytest.raises(DataError, match="middle of a number"):
        read_varint(b"\xff\xff", 0)
