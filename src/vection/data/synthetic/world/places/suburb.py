"""Houses set back behind gardens, hedges, walls and fences, with large trees."""

from dataclasses import replace

import numpy as np

from vection.data.synthetic.settings import DriveSettings
from vection.data.synthetic.world import fixtures, houses, models, plants
from vection.data.synthetic.world.classes import BUILDING, VEGETATION, WALL
from vection.data.synthetic.world.models import Materials
from vection.data.synthetic.world.road import make_centre_line
from vection.data.synthetic.world.street import BEHIND, VIEW, Street, StreetBuilder, cross_section


def make_suburb(materials: Materials, settings: DriveSettings, *, travel: float) -> Street:
    """Build the street for a drive of `travel` metres."""
    rng = materials.rng
    line = make_centre_line(rng, route=settings.route, behind=BEHIND, ahead=int(travel) + VIEW)
    section = replace(cross_section(rng, line), pavement=rng.uniform(1.2, 2.6), edge_lines=False)
    road = line.map()
    builder = _Builder(materials, line, road, section)
    for side in (-1, 1):
        builder.place_gardens(side, travel=travel)
        builder.place_background(side)
        builder.place_furniture(side)
        builder.place_parked_cars(side, density=0.8 * settings.parked_cars)
    builder.close_views()
    return Street(line, road, section, tuple(builder.bodies))


class _Builder(StreetBuilder):
    def place_gardens(self, side: int, *, travel: float) -> None:
        """Line one side with plots."""
        rng = self._rng
        self._tall = rng.uniform(3.5, 7.5)
        green = rng.uniform(0.3, 1.6)
        s = -15.0
        while s < self._line.end:
            width = rng.uniform(10, 22)
            if self._section.at_side_street(s + width / 2, margin=width / 2 + self._section.pavement):
                s += 2.0
                continue
            middle, set_back = s + width / 2, rng.uniform(4, 13)
            if rng.random() < 0.85:
                self._place_house(side, s=middle, width=rng.uniform(0.45, 0.8) * width, set_back=set_back)
            self._place_edge(side, s=middle, length=width * rng.uniform(0.6, 1.0))
            for _ in range(rng.poisson(1.8 * green)):
                place = (s + rng.uniform(0, width), side * (self._building_line(side) + rng.uniform(1.2, set_back + 3)))
                self._plant(place, near=s < travel + 60)
            s += width

    def _place_house(self, side: int, *, s: float, width: float, set_back: float) -> None:
        depth, tall = self._rng.uniform(7, 11), self._tall * self._rng.uniform(0.8, 1.3)
        t = side * (self._building_line(side) + set_back)
        if self._is_clear(s, t=t, side=side, depth=depth, width=width):
            shapes = houses.house(self._materials, width=width, depth=depth, tall=tall)
            self.add(shapes, at=(s, t), semantics=BUILDING, turn=0.0 if side > 0 else np.pi)

    def _place_edge(self, side: int, *, s: float, length: float) -> None:
        rng = self._rng
        place = (s, side * (self._building_line(side) + 0.7))
        kind = rng.integers(5)
        if kind < 3:
            shape = models.wall(self._materials, length=length, tall=rng.uniform(0.5, 2.3), hedge=bool(kind < 2))
            self.add((shape,), at=place, semantics=VEGETATION if kind < 2 else WALL)
        elif kind == 3:
            gap = float(rng.choice([0.22, 0.6, 2.0]))
            shapes = fixtures.fence(self._materials, length=length, tall=rng.uniform(0.8, 1.8), gap=gap)
            self.add(shapes, at=place, semantics=WALL)

    def _plant(self, place: tuple[float, float], *, near: bool) -> None:
        if self._rng.random() < 0.55:
            shapes = plants.any_tree(self._materials, tall=(4.0, 12.0), crowns=5 if near else 2)
        else:
            shapes = plants.shrub(self._materials, size=(0.6, 2.4), clumps=3)
        self.add(shapes, at=place, semantics=VEGETATION)
