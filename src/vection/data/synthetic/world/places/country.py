"""Roads without houses: through woods, and through open land."""

import numpy as np

from vection.data.synthetic.world import fixtures, houses, models, plants
from vection.data.synthetic.world.classes import BUILDING, TERRAIN, VEGETATION, WALL
from vection.data.synthetic.world.shapes import Shape
from vection.data.synthetic.world.street import CrossSection, StreetBuilder

_HEADROOM = 3.0
"""Metres above the road that stay free."""
_NEAR = 55.0
"""Metres ahead of the drive within which plants have their full detail."""


def country_section(rng: np.random.Generator, *, wide: bool) -> CrossSection:
    """Draw a road with verges instead of pavements; `wide`: up to three lanes a side."""
    lane = rng.uniform(2.9, 3.8)
    lanes = rng.integers(1, 4, size=2) if wide else np.array([1, 1])
    shoulders = rng.uniform(0.2, 2.6 if wide else 0.7, size=2)
    lines = [-lane * (number + 1) for number in range(lanes[0] - 1)]
    lines += [lane * (number + 1) for number in range(lanes[1] - 1)]
    return CrossSection(
        lane=lane,
        kerb_left=lane * lanes[0] + shoulders[0],
        kerb_right=lane * lanes[1] + shoulders[1],
        pavement=0.0,
        dash=(3.0, rng.uniform(6, 12)) if rng.random() < 0.7 else (1.0, 1.0),
        edge_lines=bool(rng.random() < 0.7) and not lines,
        side_streets=(),
        crossings=(),
        lane_lines=tuple(float(line) for line in lines),
    )


class WoodsBuilder(StreetBuilder):
    """Walls of foliage on both sides."""

    def build(self, *, travel: float) -> None:
        """Plant both sides and close the end of the road."""
        rng = self._rng
        self._detail_end = travel + _NEAR
        canopy = rng.uniform(0, 1) if rng.random() < 0.5 else 0.0
        for side in (-1, 1):
            verge = rng.uniform(0.8, 5.0)
            self._plant_backdrop(side, at=verge + rng.uniform(7, 13), tall=rng.uniform(7, 16))
            self._plant_trees(side, verge=verge, canopy=canopy)
            self._plant_shrubs(side, verge=verge, density=rng.uniform(0.3, 1.2))
            if rng.random() < 0.3:
                self.place_rail(side, at=0.7)
            if rng.random() < 0.2:
                self.place_fence(side, at=verge + 0.2)
        end = plants.thicket(self._materials, length=40.0, tall=rng.uniform(8, 16), depth=6.0)
        self.add(end, at=(self._line.end - rng.uniform(0, 40), 0.0), semantics=VEGETATION, turn=np.pi / 2)

    def _plant_backdrop(self, side: int, *, at: float, tall: float) -> None:
        rng = self._rng
        s = -10.0
        while s < self._line.end:
            length = rng.uniform(9, 16)
            shapes = plants.thicket(self._materials, length=length, tall=tall * rng.uniform(0.7, 1.2), depth=3.0)
            self._add_plant(shapes, s, side, at + rng.uniform(-1, 3), clearance=4.0)
            s += length * 0.75

    def _plant_trees(self, side: int, *, verge: float, canopy: float) -> None:
        rng = self._rng
        tall = rng.uniform(7, 14)
        s = -6.0
        while s < self._line.end:
            near = s < self._detail_end
            shapes = plants.any_tree(
                self._materials, tall=(0.6 * tall, 1.4 * tall), crowns=5 if near else 2, bare=rng.uniform(0.1, 0.45)
            )
            self._add_plant(shapes, s, side, verge + rng.exponential(3.0) + 1.0, clearance=0.8)
            if canopy > 0 and rng.random() < canopy:
                crown = plants.grown_tree(
                    self._materials, tall=rng.uniform(10, 14), form="wide", crowns=4 if near else 1, bare=0.42
                )
                self._add_plant(crown, s + 1, side, rng.uniform(0.5, 1.6), clearance=0.4)
            s += rng.uniform(2.2, 5.5) if near else rng.uniform(5, 9)

    def _plant_shrubs(self, side: int, *, verge: float, density: float) -> None:
        rng = self._rng
        s = -4.0
        while s < self._detail_end:
            shapes = plants.shrub(self._materials, size=(0.5, 2.6), clumps=2)
            self._add_plant(shapes, s, side, verge + rng.uniform(0.6, 3.5), clearance=1.5)
            s += rng.exponential(2.5 / density) + 0.8

    def _add_plant(self, shapes: tuple[Shape, ...], s: float, side: int, beside: float, *, clearance: float) -> None:
        """Plant at `beside` metres from the edge of the road, or further out if low leaves would hang over it.

        Nothing is planted where a bend of the road passes.
        """
        reach = max((max(-shape.low[0], shape.high[0]) for shape in shapes if shape.high[1] > -_HEADROOM), default=0.0)
        beside, clearance = max(beside, reach + 0.2), max(clearance, reach)
        t = side * (self._section.kerb(side) + beside)
        pose = self._line.poses(np.array([s]), t)[0]
        _, sideways = self._road.locate(np.array([pose[0]], np.float32), np.array([pose[1]], np.float32))
        low, high = -self._section.kerb_left - clearance, self._section.kerb_right + clearance
        if not low < float(sideways[0]) < high:
            self.add(shapes, at=(s, t), semantics=VEGETATION, turn=float(self._rng.uniform(-0.1, 0.1)))

    def place_rail(self, side: int, *, at: float) -> None:
        """Line one side with a guard rail."""
        start = self._rng.uniform(-20, 25)
        for s in np.arange(start, min(self._line.end, start + self._rng.uniform(40, 200)), 4.0):
            place = (float(s), side * (self._section.kerb(side) + at))
            shapes = fixtures.guard_rail(self._materials, length=4.3)
            self.add(shapes, at=place, semantics=WALL, turn=0.0 if side > 0 else np.pi)

    def place_fence(self, side: int, *, at: float) -> None:
        """Line one side with a see-through fence."""
        tall, gap = self._rng.uniform(0.9, 2.2), float(self._rng.choice([0.25, 1.2, 2.5]))
        for s in np.arange(-2.0, min(self._line.end, 45.0), 5.0):
            shapes = fixtures.fence(self._materials, length=5.0, tall=tall, gap=gap)
            self.add(shapes, at=(float(s), side * (self._section.kerb(side) + at)), semantics=WALL)


class OpenBuilder(WoodsBuilder):
    """Fields, scattered trees, guard rails and a far line of trees."""

    def build(self, *, travel: float) -> None:
        """Line both sides and close the view far out."""
        rng = self._rng
        self._detail_end = travel + _NEAR
        for side in (-1, 1):
            self._plant_backdrop(side, at=rng.uniform(18, 50), tall=rng.uniform(4, 11))
            if rng.random() < 0.6:
                self.place_rail(side, at=rng.uniform(0.4, 1.2))
            kind = rng.random()
            if kind < 0.3:
                self._place_banks(side, at=rng.uniform(1.8, 4))
            elif kind < 0.5:
                self._place_walls(side, at=rng.uniform(1.2, 5), tall=rng.uniform(0.8, 4))
            elif kind < 0.65:
                self.place_fence(side, at=rng.uniform(1.5, 6))
            self._scatter(side, density=rng.uniform(0.2, 1.5))
        self._close_end()

    def _scatter(self, side: int, *, density: float) -> None:
        rng = self._rng
        s = rng.uniform(-5, 15)
        while s < self._line.end:
            crowns = 5 if s < self._detail_end else 2
            if rng.random() < 0.55:
                shapes = plants.any_tree(self._materials, tall=(4.0, 13.0), crowns=crowns)
            else:
                shapes = plants.shrub(self._materials, size=(0.6, 3.5), clumps=4)
            self._add_plant(shapes, s, side, rng.uniform(3, 6) + rng.exponential(7), clearance=2.5)
            if rng.random() < 0.06:
                width = rng.uniform(8, 25)
                house = houses.house(self._materials, width=width, depth=10.0, tall=rng.uniform(4, 9))
                turn = rng.normal(0, 0.4) + (0.0 if side > 0 else np.pi)
                self.add(
                    house,
                    at=(s, side * (self._section.kerb(side) + rng.uniform(25, 40))),
                    semantics=BUILDING,
                    turn=turn,
                )
            s += rng.exponential(8 / density) + 1

    def _place_banks(self, side: int, *, at: float) -> None:
        tall, run = self._rng.uniform(0.8, 4), self._rng.uniform(3, 9)
        for s in np.arange(-20.0, self._line.end, 6.0):
            shape = fixtures.bank(self._materials, length=6.8, tall=tall, run=run)
            turn = 0.0 if side > 0 else np.pi
            t = side * (self._section.kerb(side) + at)
            if self._is_clear(float(s), t=t, side=side, depth=run + 3.0, width=6.8):
                self.add((shape,), at=(float(s), t), semantics=TERRAIN, turn=turn)

    def _place_walls(self, side: int, *, at: float, tall: float) -> None:
        hedge = bool(self._rng.random() < 0.4)
        for s in np.arange(-10.0, min(self._line.end, self._rng.uniform(40, 160)), 5.0):
            shape = models.wall(self._materials, length=5.1, tall=tall, hedge=hedge)
            t = side * (self._section.kerb(side) + at)
            if self._is_clear(float(s), t=t, side=side, depth=0.5, width=5.1):
                self.add((shape,), at=(float(s), t), semantics=VEGETATION if hedge else WALL)

    def _close_end(self) -> None:
        for t in range(-60, 61, 15):
            end = plants.thicket(self._materials, length=20.0, tall=self._rng.uniform(4, 9), depth=5.0)
            self.add(end, at=(self._line.end - 8.0, float(t)), semantics=VEGETATION, turn=np.pi / 2)
