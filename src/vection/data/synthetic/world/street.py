"""The standing part of a scene: road, houses, trees, poles, walls, parked cars, drawn from the seed."""

from dataclasses import dataclass

import numpy as np

from vection.data.synthetic.settings import DriveSettings
from vection.data.synthetic.world import houses, models, plants, vehicles
from vection.data.synthetic.world.classes import BUILDING, POLE, SIGN, VEGETATION, WALL
from vection.data.synthetic.world.models import Materials
from vection.data.synthetic.world.road import CentreLine, RoadMap, make_centre_line
from vection.data.synthetic.world.shapes import Body, Shape

BEHIND = 30
"""Metres of street behind the start of the drive."""
VIEW = 150
"""Metres of street beyond the end of the drive."""


@dataclass(frozen=True)
class CrossSection:
    """Distances from the road's middle, in metres, and what is painted on it."""

    lane: float
    kerb_left: float
    kerb_right: float
    pavement: float
    """Width of each pavement; 0: a verge without kerb stones."""
    dash: tuple[float, float]
    """Length and period of the middle line's dashes; equal: a solid line."""
    edge_lines: bool
    side_streets: tuple[tuple[float, float], ...]
    """Intervals of s."""
    crossings: tuple[float, ...]
    """Zebra crossings: s of their middle."""
    lane_lines: tuple[float, ...] = ()
    """t of further dashed lines."""

    def kerb(self, side: int) -> float:
        """Return the kerb's distance on the left (-1) or right (1)."""
        return self.kerb_right if side > 0 else self.kerb_left

    def at_side_street(self, s: float, *, margin: float) -> bool:
        """Tell whether s is within `margin` of a side street."""
        return any(low - margin < s < high + margin for low, high in self.side_streets)


@dataclass(frozen=True)
class Street:
    """Everything that stands."""

    line: CentreLine
    road: RoadMap
    section: CrossSection
    bodies: tuple[Body, ...]


def make_street(materials: Materials, settings: DriveSettings, *, travel: float) -> Street:
    """Build the street for a drive of `travel` metres."""
    rng = materials.rng
    line = make_centre_line(rng, route=settings.route, behind=BEHIND, ahead=int(travel) + VIEW)
    section = cross_section(rng, line)
    road = line.map()
    builder = StreetBuilder(materials, line, road, section)
    for side in (-1, 1):
        builder.place_houses(side)
        builder.place_background(side)
        builder.place_furniture(side)
        builder.place_parked_cars(side, density=settings.parked_cars)
    builder.close_views()
    return Street(line, road, section, tuple(builder.bodies))


def cross_section(rng: np.random.Generator, line: CentreLine) -> CrossSection:
    """Draw the cross section of a street along `line`."""
    lane = rng.uniform(3.0, 3.7)
    parking = [2.3 if rng.random() < 0.7 else rng.uniform(0.2, 0.8) for _ in range(2)]
    streets: list[tuple[float, float]] = []
    place = rng.uniform(10, 60)
    while place < line.end - 10:
        width = rng.uniform(6, 11)
        bend = np.ptp(line.poses(np.linspace(place - 8, place + width + 8, 9), 0.0)[:, 2])
        if bend > 0.35:
            # in a bend it would fan out into a square
            place += 5
            continue
        streets.append((place, place + width))
        place += width + rng.uniform(35, 90)
    crossings = tuple(low - rng.uniform(2.5, 4) for low, _ in streets if rng.random() < 0.4)
    dash = (3.0, rng.uniform(6, 10)) if rng.random() < 0.75 else (1.0, 1.0)
    return CrossSection(
        lane=lane,
        kerb_left=lane + parking[0],
        kerb_right=lane + parking[1],
        pavement=rng.uniform(1.8, 4.5),
        dash=dash,
        edge_lines=bool(rng.random() < 0.5),
        side_streets=tuple(streets),
        crossings=crossings,
    )


class StreetBuilder:
    """Places bodies by road coordinates."""

    def __init__(self, materials: Materials, line: CentreLine, road: RoadMap, section: CrossSection) -> None:
        self.bodies: list[Body] = []
        self._materials = materials
        self._rng = materials.rng
        self._line = line
        self._road = road
        self._section = section
        self._tall = self._rng.uniform(4.5, 11)

    def add(self, shapes: tuple[Shape, ...], *, at: tuple[float, float], semantics: int, turn: float = 0.0) -> None:
        """Put shapes at road coordinates (s, t), turned from the road's heading."""
        pose = self._line.poses(np.array([at[0]]), at[1])
        self.bodies.append(Body(shapes, semantics, pose + np.array([0.0, 0.0, turn])))

    def _building_line(self, side: int) -> float:
        return self._section.kerb(side) + self._section.pavement

    def place_houses(self, side: int) -> None:
        """Line one side with houses, gaps, walls and hedges."""
        rng = self._rng
        s = -float(BEHIND)
        while s < self._line.end:
            width = rng.uniform(6.5, 16)
            if self._section.at_side_street(s + width / 2, margin=width / 2 + self._section.pavement):
                s += 2.0
                continue
            set_back = rng.uniform(0, 0.6) if rng.random() < 0.6 else rng.uniform(1.5, 6)
            if rng.random() < 0.13:
                width = rng.uniform(4, 12)
                self._place_gap(side, s=s + width / 2, length=width)
            else:
                self._place_house(side, s=s + width / 2, width=width, set_back=set_back)
            s += width + (rng.uniform(0.8, 4) if rng.random() < 0.3 else 0.0)

    def _place_house(self, side: int, *, s: float, width: float, set_back: float) -> None:
        rng = self._rng
        depth, tall = rng.uniform(7, 12), self._tall * rng.uniform(0.6, 1.5)
        t = side * (self._building_line(side) + set_back)
        if not self._is_clear(s, t=t, side=side, depth=depth, width=width):
            return
        shapes = houses.house(self._materials, width=width, depth=depth, tall=tall)
        self.add(shapes, at=(s, t), semantics=BUILDING, turn=0.0 if side > 0 else np.pi)
        if set_back > 2 and rng.random() < 0.6:
            hedge = bool(rng.random() < 0.6)
            fence = models.wall(self._materials, length=0.8 * width, tall=rng.uniform(0.5, 1.4), hedge=hedge)
            place = (s, side * (self._building_line(side) + 0.5))
            self.add((fence,), at=place, semantics=VEGETATION if hedge else WALL)

    def place_background(self, side: int) -> None:
        """Set a loose second row of houses further out, which shows in the gaps and outside of bends."""
        rng = self._rng
        s = rng.uniform(-20, 10)
        while s < self._line.end:
            width, depth, tall = rng.uniform(10, 20), rng.uniform(8, 12), self._tall * rng.uniform(0.7, 1.6)
            t = side * (self._building_line(side) + rng.uniform(18, 45))
            side_street = self._section.at_side_street(s, margin=width / 2)
            if not side_street and self._is_clear(s, t=t, side=side, depth=depth, width=width):
                shapes = houses.house(self._materials, width=width, depth=depth, tall=tall)
                turn = 0.0 if side > 0 else np.pi
                self.add(shapes, at=(s, t), semantics=BUILDING, turn=turn + rng.normal(0, 0.2))
            s += rng.uniform(18, 40)

    def _is_clear(self, s: float, *, t: float, side: int, depth: float, width: float) -> bool:
        """Tell whether a house would leave the road and its pavements free, also where the road has turned."""
        pose = self._line.poses(np.array([s]), t)[0]
        across, down = np.meshgrid(np.linspace(0, side * depth, 5), np.linspace(-width / 2, width / 2, 7))
        x = pose[0] + across * np.cos(pose[2]) + down * np.sin(pose[2])
        z = pose[1] - across * np.sin(pose[2]) + down * np.cos(pose[2])
        _, sideways = self._road.locate(x.ravel().astype(np.float32), z.ravel().astype(np.float32))
        left, right = self._building_line(-1), self._building_line(1)
        return bool(((sideways < 0.4 - left) | (sideways > right - 0.4)).all())

    def _place_gap(self, side: int, *, s: float, length: float) -> None:
        """Leave a view between houses, behind a wall, a hedge or trees."""
        rng = self._rng
        edge = self._building_line(side)
        kind = rng.integers(3)
        if kind < 2:
            fence = models.wall(self._materials, length=length, tall=rng.uniform(0.6, 2.2), hedge=bool(kind))
            self.add((fence,), at=(s, side * (edge + 0.6)), semantics=VEGETATION if kind else WALL)
        for _ in range(int(rng.integers(1, 4))):
            t = side * (edge + rng.uniform(2.5, 14))
            self.add(self._one_tree(), at=(s + rng.uniform(-3, 3), t), semantics=VEGETATION)

    def place_furniture(self, side: int) -> None:
        """Put trees, lamp posts, signs, bins and bushes on the pavement."""
        rng = self._rng
        trees = rng.uniform(7, 16) if rng.random() < 0.6 else 60.0
        for period, place_one in ((trees, self._tree), (rng.uniform(18, 32), self._lamp), (16.0, self._small_thing)):
            s = -10 + rng.uniform(0, period)
            while s < self._line.end:
                if not self._section.at_side_street(s, margin=1.5):
                    place_one(s, side * (self._section.kerb(side) + 0.7))
                s += period * rng.uniform(0.6, 1.4)

    def _tree(self, s: float, t: float) -> None:
        self.add(self._one_tree(), at=(s, t), semantics=VEGETATION)

    def _one_tree(self) -> tuple[Shape, ...]:
        if self._materials.palette == "vivid":
            return models.tree(self._materials)
        return plants.any_tree(self._materials, tall=(5.0, 12.0), bare=self._rng.uniform(0.38, 0.55))

    def _lamp(self, s: float, t: float) -> None:
        tall = self._rng.uniform(5, 7.5)
        self.add((models.pole(self._materials, tall=tall, radius=0.09),), at=(s, t), semantics=POLE)
        arm = models.board(self._materials, centre=(-np.sign(t) * 0.7, -tall, 0.0), half=(0.8, 0.07, 0.14))
        self.add((arm,), at=(s, t), semantics=POLE)

    def _small_thing(self, s: float, t: float) -> None:
        kind = self._rng.integers(4)
        if kind == 0:
            self.add((models.pole(self._materials, tall=2.6, radius=0.05),), at=(s, t), semantics=POLE)
            sign = models.board(self._materials, centre=(0.0, -2.3, -0.06), half=(0.36, 0.36, 0.02))
            self.add((sign,), at=(s, t), semantics=SIGN)
        elif kind == 1:
            thing = models.board(self._materials, centre=(0.0, -0.55, 0.0), half=(0.3, 0.55, 0.4))
            self.add((thing,), at=(s, t), semantics=WALL)
        else:
            outer = t + np.sign(t) * (self._section.pavement - 0.4)
            vivid = self._materials.palette == "vivid"
            bush = (models.bush(self._materials),) if vivid else plants.shrub(self._materials, size=(0.5, 1.3))
            self.add(bush, at=(s, float(outer)), semantics=VEGETATION)

    def place_parked_cars(self, side: int, *, density: float) -> None:
        """Park cars along a kerb that has room for them."""
        rng = self._rng
        kerb = self._section.kerb(side)
        if kerb - self._section.lane < 2:
            return
        share = density * rng.uniform(0.25, 0.75)
        s = -12.0
        while s < self._line.end:
            s += rng.uniform(5.4, 6.6)
            if rng.random() > share or self._section.at_side_street(s, margin=6.0):
                continue
            parked = vehicles.vehicle(self._materials)
            pose = self._line.poses(np.array([s]), side * (kerb - parked.half_width - rng.uniform(0.15, 0.4)))
            pose[0, 2] += np.pi * (rng.random() < 0.25 + 0.5 * (side < 0)) + rng.normal(0, 0.03)
            self.bodies.append(parked.at(pose))

    def close_views(self) -> None:
        """Set houses across the end of the street and along the side streets."""
        rng = self._rng
        end = self._line.end
        shape = houses.across(self._materials, width=60.0, tall=rng.uniform(6, 16))
        self.add((shape,), at=(end + rng.uniform(0, 15), 0.0), semantics=BUILDING)
        for low, high in self._section.side_streets:
            for side in (-1, 1):
                far = rng.uniform(30, 65)
                shape = houses.across(
                    self._materials, width=rng.uniform(14, 26), tall=self._tall * rng.uniform(0.7, 1.4)
                )
                self._add_far(shape, s=(low + high) / 2, t=side * far, side=side)

    def _add_far(self, shape: Shape, *, s: float, t: float, side: int) -> None:
        pose = self._line.poses(np.array([s]), t)[0]
        _, sideways = self._road.locate(np.array([pose[0]], np.float32), np.array([pose[1]], np.float32))
        if abs(float(sideways[0])) > 25:
            self.add((shape,), at=(s, t), semantics=BUILDING, turn=side * np.pi / 2)
