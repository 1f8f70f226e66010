"""One scale for a clip: the units in which its frames are measured, from baselines that two frames both know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from jaxtyping import Float64

ROUNDS = 8
SPREAD = 0.03
"""Of the logarithm of a ratio, about; ratios farther off count less (Cauchy)."""
ANCHOR = 1e-9
"""Weight with which every scale is drawn to 1, so that unlinked parts have a solution."""

Numbers = tuple[int, int]
"""Of the two frames of a pair."""


@dataclass(frozen=True)
class Link:
    """The logarithm of the scale of frame `first` minus that of `second`."""

    first: int
    second: int
    difference: float


@dataclass(frozen=True)
class Scales:
    """What the measured units of frames are multiplied by, and the lengths of baselines in that unit."""

    frames: Mapping[int, float]
    parts: Mapping[int, int]
    """Number of the connected part of each frame; scales of two parts are not comparable."""
    baselines: Mapping[Numbers, float]


def solve_scales(baselines: Mapping[int, Mapping[Numbers, float]], links: Sequence[Link] = ()) -> Scales:
    """Return the scales under which frames agree on baselines, robustly; in each part the median step is 1.

    `baselines` are those that each measured frame has in its own unit; `links` compare frames otherwise. The length of
    a pair whose frames are of two parts is left out: it is in the unit of one of them.
    """
    numbers = sorted(baselines)
    place = {number: index for index, number in enumerate(numbers)}
    known = [*links, *_links(baselines)]
    parts = _parts(numbers, known)
    first = np.array([place[link.first] for link in known], int)
    second = np.array([place[link.second] for link in known], int)
    logs = _solve(len(numbers), first, second, np.array([link.difference for link in known]))
    scale = {number: float(np.exp(logs[place[number]])) for number in numbers}
    knowing = _knowing(baselines)
    lengths = {
        pair: float(np.exp(np.mean([np.log(scale[number] * baselines[number][pair]) for number in frames])))
        for pair, frames in knowing.items()
    }
    for part in set(parts.values()):
        pairs = [pair for pair, frames in knowing.items() if parts[frames[0]] == part]
        unit = median(lengths[first, second] / (second - first) for first, second in pairs)
        scale |= {number: scale[number] / unit for number in numbers if parts[number] == part}
        lengths |= {pair: lengths[pair] / unit for pair in pairs}
    within = {pair: length for pair, length in lengths.items() if len({parts[n] for n in pair if n in parts}) == 1}
    return Scales(scale, parts, within)


def _knowing(baselines: Mapping[int, Mapping[Numbers, float]]) -> dict[Numbers, list[int]]:
    """Return the frames that know each pair's baseline."""
    knowing: dict[Numbers, list[int]] = {}
    for number, lengths in sorted(baselines.items()):
        for pair in lengths:
            knowing.setdefault(pair, []).append(number)
    return knowing


def _links(baselines: Mapping[int, Mapping[Numbers, float]]) -> list[Link]:
    """Both frames of a pair name the same length in their own units."""
    return [
        Link(a, b, float(np.log(baselines[b][pair] / baselines[a][pair])))
        for pair, (a, b) in ((pair, frames) for pair, frames in _knowing(baselines).items() if len(frames) == 2)
    ]


def _parts(numbers: Sequence[int], links: Sequence[Link]) -> dict[int, int]:
    """Number the connected parts in the order of their first frames."""
    root = {number: number for number in numbers}

    def top(number: int) -> int:
        while root[number] != number:
            number = root[number]
        return number

    for link in links:
        low, high = sorted((top(link.first), top(link.second)))
        root[high] = low
    tops = {number: top(number) for number in numbers}
    order = {number: index for index, number in enumerate(sorted(set(tops.values())))}
    return {number: order[tops[number]] for number in numbers}


def _solve(
    count: int, first: np.ndarray, second: np.ndarray, difference: Float64[np.ndarray, " link"]
) -> Float64[np.ndarray, " frame"]:
    """Least squares with far ones weighted down; the matrix has a narrow band, as links are short."""
    logs = np.zeros(count)
    weight = np.ones(len(difference))
    for _ in range(ROUNDS if len(difference) else 0):
        logs = _solve_chain(count, first, second, difference, weight)
        residual = logs[first] - logs[second] - difference
        weight = 1 / (1 + (residual / SPREAD) ** 2)
    return logs


def _solve_chain(
    count: int,
    first: np.ndarray,
    second: np.ndarray,
    difference: Float64[np.ndarray, " link"],
    weight: Float64[np.ndarray, " link"],
) -> Float64[np.ndarray, " frame"]:
    """Solve the normal equations by elimination within the band."""
    rows: list[dict[int, float]] = [{index: ANCHOR} for index in range(count)]
    right = np.zeros(count)
    for a, b, value, trust in zip(first.tolist(), second.tolist(), difference.tolist(), weight.tolist(), strict=True):
        rows[a][a] += trust
        rows[b][b] += trust
        rows[a][b] = rows[a].get(b, 0.0) - trust
        rows[b][a] = rows[b].get(a, 0.0) - trust
        right[a] += trust * value
        right[b] -= trust * value
    for index, row in enumerate(rows):
        below = [other for other in row if other > index]
        for other in below:
            factor = row[other] / row[index]
            for column in below:
                rows[other][column] = rows[other].get(column, 0.0) - factor * row[column]
            right[other] -= factor * right[index]
    solution = np.zeros(count)
    for index in range(count - 1, -1, -1):
        rest = sum(value * solution[other] for other, value in rows[index].items() if other > index)
        solution[index] = (right[index] - rest) / rows[index][index]
    return solution
