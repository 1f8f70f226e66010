"""Ways to damage a file: its bytes, and the structure of the text or JSON in it."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Random = np.random.Generator
Mutation = Callable[[bytes, Random], bytes]

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
NUMBERS = (*b"nan inf -inf 0 -1 1e400 1e-320 999999999999999999999 0x10 1,5 \xc2\xb2".split(b" "), b"")
CONTROLS = (b"\xff\xfe", b"\x00", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\x1b[31m", b"\xe2\x80\xae")
TEXTS = (*CONTROLS, b"../../x", b"/etc/passwd", b"[red]", b"%s%n")
VALUES: tuple[Any, ...] = (None, True, -1, 0, 1e308, 10**30, math.nan, math.inf, "", "x", "../../x", [], {}, [[1]])


def _span(data: bytes, random: Random, most: int = 64) -> tuple[int, int]:
    start = int(random.integers(0, len(data)))
    return start, min(len(data), start + int(random.integers(1, most + 1)))


def flip_bits(data: bytes, random: Random) -> bytes:
    """Flip one to eight bits."""
    changed = bytearray(data)
    for place in random.integers(0, len(data), size=int(random.integers(1, 9))):
        changed[place] ^= 1 << int(random.integers(0, 8))
    return bytes(changed)


def cut(data: bytes, random: Random) -> bytes:
    """Keep a beginning, now and then nothing."""
    return data[: int(len(data) * random.choice([0.0, 0.1, 0.5, 0.9, 0.99, random.random()]))]


def zero(data: bytes, random: Random) -> bytes:
    """Write zeros over a part."""
    start, end = _span(data, random, most=max(64, len(data) // 4))
    return data[:start] + bytes(end - start) + data[end:]


def repeat(data: bytes, random: Random) -> bytes:
    """Repeat a part."""
    start, end = _span(data, random)
    return data[:end] + data[start:end] * int(random.integers(1, 9)) + data[end:]


def insert(data: bytes, random: Random) -> bytes:
    """Put something odd somewhere."""
    start, _ = _span(data, random)
    return data[:start] + TEXTS[int(random.integers(len(TEXTS)))] + data[start:]


def swap(data: bytes, random: Random) -> bytes:
    """Exchange two parts."""
    (a, b), (c, d) = sorted((_span(data, random), _span(data, random)))
    return data if b > c else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def extreme_header(data: bytes, random: Random) -> bytes:
    """Write ones over four of the first 64 bytes, where formats keep sizes."""
    start = int(random.integers(0, max(1, min(64, len(data)) - 4)))
    return data[:start] + b"\xff\xff\xff\x7f" + data[start + 4 :]


def other_number(data: bytes, random: Random) -> bytes:
    """Replace a number of a text."""
    found = list(NUMBER.finditer(data))
    if not found:
        return insert(data, random)
    place = found[int(random.integers(len(found)))]
    return data[: place.start()] + NUMBERS[int(random.integers(len(NUMBERS)))] + data[place.end() :]


def other_line(data: bytes, random: Random) -> bytes:
    """Repeat, drop, shorten or move a line of a text."""
    lines = data.splitlines(keepends=True)
    index = int(random.integers(len(lines)))
    kind = int(random.integers(4))
    if kind == 0:
        lines.insert(index, lines[index])
    elif kind == 1:
        del lines[index]
    elif kind == 2:
        lines[index] = lines[index][: len(lines[index]) // 2] + b"\n"
    else:
        lines.append(lines.pop(index))
    return b"".join(lines)


def other_value(data: bytes, random: Random) -> bytes:
    """Replace, drop or deepen a value of a JSON document."""
    try:
        document = json.loads(data)
    except ValueError:
        return other_number(data, random)
    places = list(_places(document))
    if not places:
        return json.dumps(VALUES[int(random.integers(len(VALUES)))]).encode()
    holder, key = places[int(random.integers(len(places)))]
    kind = int(random.integers(6))
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = [holder[key]]
    elif kind == 2 and isinstance(holder, dict):
        holder[f"{key}_"] = holder.pop(key)
    else:
        holder[key] = VALUES[int(random.integers(len(VALUES)))]
    return json.dumps(document).encode()


def _places(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


BYTES: tuple[Mutation, ...] = (flip_bits, flip_bits, cut, zero, repeat, insert, swap, extreme_header)
TEXT: tuple[Mutation, ...] = (other_number, other_number, other_line, insert, cut, flip_bits)
JSON: tuple[Mutation, ...] = (other_value, other_value, other_value, *TEXT)
SUFFIXES = {".json": JSON, ".jsonl": JSON, ".txt": TEXT, ".csv": TEXT, ".yaml": TEXT, ".yml": TEXT, ".xml": TEXT}


def mutate(file: Path, random: Random) -> str:
    """Damage a file in place; return in which way."""
    data = file.read_bytes()
    known = SUFFIXES.get(file.suffix, BYTES)
    mutation = known[int(random.integers(len(known)))]
    changed = mutation(data, random) if data else TEXTS[int(random.integers(len(TEXTS)))]
    file.write_bytes(changed)
    return f"{mutation.__name__} of {file.name}"
