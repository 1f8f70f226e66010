"""The road's centre line, and coordinates along and across it."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Float64

_CELL = 1.5
"""Metres between the nodes of the map from places to road coordinates."""
_MARGIN = 75.0


@dataclass(frozen=True)
class RoadMap:
    """Road coordinates of every place of the world, on a grid."""

    values: Float32[np.ndarray, "rows columns 2"]
    """Metres along the road (s) and to its right (t)."""
    origin: tuple[float, float]

    def locate(
        self, x: Float32[np.ndarray, " count"], z: Float32[np.ndarray, " count"]
    ) -> tuple[Float32[np.ndarray, " count"], Float32[np.ndarray, " count"]]:
        """Return s and t of the ground points (x, z)."""
        count = len(x)
        rows = -(-count // 512)
        columns = np.zeros((2, rows * 512), np.float32)
        columns[0, :count] = (x - np.float32(self.origin[0])) / np.float32(_CELL)
        columns[1, :count] = (z - np.float32(self.origin[1])) / np.float32(_CELL)
        folded = columns.reshape(2, rows, 512)
        places = cv2.remap(self.values, folded[0], folded[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        flat = places.reshape(-1, 2)[:count]
        return flat[:, 0], flat[:, 1]


@dataclass(frozen=True)
class CentreLine:
    """A curve in the ground plane, a node each metre; s = 0 at node `start`."""

    nodes: Float64[np.ndarray, "nodes 2"]
    """x and z."""
    headings: Float64[np.ndarray, " nodes"]
    """Radians, from z towards x."""
    start: int

    @property
    def end(self) -> float:
        """Largest s."""
        return float(len(self.nodes) - 1 - self.start)

    def poses(
        self, s: Float64[np.ndarray, " count"], t: Float64[np.ndarray, " count"] | float
    ) -> Float64[np.ndarray, "count 3"]:
        """Return x, z and heading at the road coordinates (s, t); straight on beyond the ends."""
        place = np.clip(s + self.start, 0, len(self.nodes) - 1)
        index = np.arange(len(self.nodes))
        heading = np.interp(place, index, self.headings)
        x = np.interp(place, index, self.nodes[:, 0]) + (s + self.start - place) * np.sin(heading)
        z = np.interp(place, index, self.nodes[:, 1]) + (s + self.start - place) * np.cos(heading)
        return np.stack([x + t * np.cos(heading), z - t * np.sin(heading), heading], axis=1)

    def map(self) -> RoadMap:
        """Tabulate the inverse of `poses` by the nearest node."""
        low = self.nodes.min(axis=0) - _MARGIN
        size = np.ceil((self.nodes.max(axis=0) + _MARGIN - low) / _CELL).astype(int) + 1
        grid_x = low[0] + _CELL * np.arange(size[0])
        values = np.empty((size[1], size[0], 2), np.float32)
        for row in range(size[1]):
            z = low[1] + _CELL * row
            apart = (grid_x[:, None] - self.nodes[:, 0]) ** 2 + (z - self.nodes[:, 1]) ** 2
            nearest = apart.argmin(axis=1)
            heading = self.headings[nearest]
            delta_x, delta_z = grid_x - self.nodes[nearest, 0], z - self.nodes[nearest, 1]
            values[row, :, 0] = nearest - self.start + delta_x * np.sin(heading) + delta_z * np.cos(heading)
            values[row, :, 1] = delta_x * np.cos(heading) - delta_z * np.sin(heading)
        return RoadMap(values, (float(low[0]), float(low[1])))


def make_centre_line(rng: np.random.Generator, *, route: str, behind: int, ahead: int) -> CentreLine:
    """Draw a road of `behind` + `ahead` metres: 'straight', 'curve', 'turns', or 'any' of the first two."""
    count = behind + ahead + 1
    kind = str(rng.choice(["straight", "curve"], p=[0.4, 0.6])) if route == "any" else route
    curvature = np.zeros(count)
    if kind == "curve":
        for period in (rng.uniform(90, 160), rng.uniform(160, 320)):
            curvature += rng.uniform(0.3, 1) / 110 * np.sin(2 * np.pi * (np.arange(count) / period + rng.random()))
    elif kind == "turns":
        place, side = behind + int(rng.integers(2, 14)), int(rng.choice([-1, 1]))
        while place < count:
            bend = round(rng.uniform(13, 19) * np.pi / 2)
            # a raised cosine, so that the curvature sets in smoothly; its integral is a right angle
            profile = 1 - np.cos(2 * np.pi * (np.arange(bend) + 0.5) / bend)
            stop = min(count, place + bend)
            curvature[place:stop] = side * (np.pi / 2 / bend * profile)[: stop - place]
            place, side = place + bend + int(rng.integers(15, 50)), -side
    headings = np.concatenate([[0.0], np.cumsum(curvature)[:-1]])
    headings -= headings[behind]
    middle = headings + curvature / 2
    steps = np.stack([np.sin(middle), np.cos(middle)], axis=1)
    nodes = np.concatenate([np.zeros((1, 2)), np.cumsum(steps[:-1], axis=0)])
    return CentreLine(nodes - nodes[behind], headings, behind)
