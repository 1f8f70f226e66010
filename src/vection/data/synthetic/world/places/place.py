"""Every kind of place: its builder, and the fixtures that all share."""

from dataclasses import replace

import numpy as np

from vection.data.synthetic.settings import DriveSettings
from vection.data.synthetic.world import fixtures, models, plants, vehicles
from vection.data.synthetic.world.classes import POLE, SIGN, TRAFFIC_LIGHT, VEGETATION, WALL
from vection.data.synthetic.world.models import Materials
from vection.data.synthetic.world.places.country import OpenBuilder, WoodsBuilder, country_section
from vection.data.synthetic.world.places.suburb import make_suburb
from vection.data.synthetic.world.road import make_centre_line
from vection.data.synthetic.world.shapes import Body, Shape
from vection.data.synthetic.world.street import BEHIND, VIEW, Street, StreetBuilder, make_street

_FIXTURES = (TRAFFIC_LIGHT, SIGN, POLE, POLE)
"""Classes of the kinds of fixtures; parts of them may be another."""
_COUNTRY = {"woods": WoodsBuilder, "open": OpenBuilder}


def make_place(materials: Materials, settings: DriveSettings, *, travel: float) -> Street:
    """Build what stands along a drive of `travel` metres."""
    if settings.place == "town":
        street = make_street(materials, settings, travel=travel)
    elif settings.place == "suburb":
        street = make_suburb(materials, settings, travel=travel)
    else:
        street = _make_country(materials, settings, travel=travel)
    if settings.place == "town" and settings.fixtures <= 0 and settings.occluders <= 0:
        return street
    builder = StreetBuilder(materials, street.line, street.road, street.section)
    if settings.place != "town":
        _close_horizon(builder, materials, street, travel=travel)
    if settings.fixtures > 0:
        _place_fixtures(builder, materials, street, density=settings.fixtures)
    for side in (-1, 1):
        if settings.occluders > 0 and materials.rng.random() < settings.occluders:
            _place_occluder(builder, materials, street, side=side)
    return replace(street, bodies=(*street.bodies, *builder.bodies))


def _make_country(materials: Materials, settings: DriveSettings, *, travel: float) -> Street:
    line = make_centre_line(materials.rng, route=settings.route, behind=BEHIND, ahead=int(travel) + VIEW)
    section = country_section(materials.rng, wide=settings.place == "open")
    road = line.map()
    builder = _COUNTRY[settings.place](materials, line, road, section)
    builder.build(travel=travel)
    for side in (-1, 1):
        builder.place_parked_cars(side, density=0.3 * settings.parked_cars)
    return Street(line, road, section, tuple(builder.bodies))


def _close_horizon(builder: StreetBuilder, materials: Materials, street: Street, *, travel: float) -> None:
    """Ring the drive with a far line of trees."""
    rng = materials.rng
    path = street.line.poses(np.arange(0.0, travel + 1), 0.0)
    middle = (path[:, :2].min(axis=0) + path[:, :2].max(axis=0)) / 2
    radius = float(np.ptp(path[:, :2], axis=0).max()) / 2 + rng.uniform(80, 150)
    tall = rng.uniform(4, 14)
    count = int(2 * np.pi * radius / 28)
    for angle in np.arange(count) * 2 * np.pi / count:
        shapes = plants.thicket(materials, length=40.0, tall=tall * rng.uniform(0.5, 1.3), depth=8.0)
        pose = np.array([[middle[0] + radius * np.sin(angle), middle[1] + radius * np.cos(angle), angle + np.pi / 2]])
        builder.bodies.append(Body(shapes, VEGETATION, pose))


def _place_fixtures(builder: StreetBuilder, materials: Materials, street: Street, *, density: float) -> None:
    rng = materials.rng
    kerbs = (street.section.kerb_left, street.section.kerb_right)
    for side in (-1, 1):
        edge = street.section.kerb(side) + 0.6
        s = rng.uniform(2, 20)
        while s < street.line.end:
            kind = int(rng.choice(4, p=[0.25, 0.45, 0.2, 0.1]))
            if kind == 0:
                arm = -side * rng.uniform(2.5, 4.5) if rng.random() < 0.5 else 0.0
                shapes = fixtures.traffic_light(materials, arm=arm)
            elif kind == 1:
                shapes = fixtures.sign(materials)
            elif kind == 2:
                shapes = (models.pole(materials, tall=rng.uniform(1, 8), radius=rng.uniform(0.04, 0.14)),)
            else:
                shapes = fixtures.bollards(materials, length=rng.uniform(4, 15))
            at = (s, side * (edge + rng.uniform(0, 1.5)))
            builder.add(shapes, at=at, semantics=_FIXTURES[kind], turn=float(rng.normal(0, 0.15)))
            s += rng.exponential(22 / density) + 4
    if rng.random() < 0.35 * density:
        shapes = fixtures.gantry(materials, left=-kerbs[0] - 0.8, right=kerbs[1] + 0.8)
        builder.add(shapes, at=(rng.uniform(12, 70), 0.0), semantics=SIGN)
    if rng.random() < 0.25 * density:
        clear = max(kerbs) + rng.uniform(1.0, 3.0)
        shapes = fixtures.bridge(materials, half=clear + rng.uniform(8, 25), clear=clear)
        builder.add(shapes, at=(rng.uniform(25, 90), 0.0), semantics=WALL, turn=float(rng.normal(0, 0.1)))


def _place_occluder(builder: StreetBuilder, materials: Materials, street: Street, *, side: int) -> None:
    """Set something close to the edge of the road where the drive begins."""
    rng = materials.rng
    s = rng.uniform(2.5, 14)
    edge = max(street.section.kerb(side), street.section.lane + 0.6)
    kind = rng.integers(5)
    shapes: tuple[Shape, ...]
    semantics = VEGETATION
    if kind == 0:
        vehicle = vehicles.vehicle(materials)
        pose = street.line.poses(np.array([s]), side * (edge + vehicle.half_width + 0.3))
        builder.bodies.append(vehicle.at(pose))
        return
    if kind == 1:
        shapes = plants.any_tree(materials, tall=(6.0, 14.0), crowns=5, bare=0.45)
    elif kind == 2:
        shapes = plants.shrub(materials, size=(1.0, 2.4))
    elif kind == 3:
        shapes, semantics = (models.pole(materials, tall=rng.uniform(2, 8), radius=rng.uniform(0.05, 0.2)),), POLE
    elif rng.random() < 0.5:
        shapes, semantics = fixtures.traffic_light(materials, arm=0.0), TRAFFIC_LIGHT
    else:
        shapes, semantics = fixtures.sign(materials), SIGN
    far = edge + 0.5 + (1.4 if kind == 2 else 0.0) + rng.uniform(0, 1.2)
    builder.add(shapes, at=(s, side * far), semantics=semantics)
