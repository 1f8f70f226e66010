"""Trucks and buses, and the choice among all vehicles."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64

from vection.data.synthetic.world import models, textures
from vection.data.synthetic.world.classes import BUS, CAR, TRUCK
from vection.data.synthetic.world.models import WHEEL, Materials, patch
from vection.data.synthetic.world.noise import SIZE
from vection.data.synthetic.world.shapes import Body, Shape, Skin, X, Y, Z, box, upright

_SIDE = (0.0, 0.0, 1.0, 0.4)
_FRONT = (0.0, 0.42, 0.48, 0.8)
_REAR = (0.52, 0.42, 1.0, 0.8)
_PLAIN = (0.0, 0.84, 1.0, 1.0)


@dataclass(frozen=True)
class Vehicle:
    """What drives, heading to +z."""

    shapes: tuple[Shape, ...]
    semantics: int
    half_width: float
    half_length: float

    def at(self, poses: Float64[np.ndarray, "times 3"]) -> Body:
        """Return it at these poses, with its contact shadow."""
        shadow = self.half_width, self.half_length
        return Body(self.shapes, self.semantics, poses, movable=True, shadow=shadow)


def vehicle(materials: Materials) -> Vehicle:
    """Build a car, or one of the materials' share of trucks and buses."""
    if materials.trucks > 0 and materials.rng.random() < materials.trucks:
        return _large(materials)
    shapes, half_width, half_length = models.car(materials)
    return Vehicle(shapes, CAR, half_width, half_length)


def _page(materials: Materials, *, bus: bool) -> textures.Page:
    rng = materials.rng
    paint = textures.car_colour(rng) if rng.random() < 0.5 else np.full(3, rng.uniform(150, 235), np.float32)
    canvas = np.ascontiguousarray(((1 + 0.02 * materials.noise())[:, :, None] * paint).clip(0, 255).astype(np.uint8))
    glass = (34, 40, 46)
    if bus:
        for x in range(6, 240, 40):
            cv2.rectangle(canvas, (x, 18), (x + 35, 52), glass, -1)
    else:
        for x in range(0, SIZE, 26):
            cv2.line(canvas, (x, 2), (x, 100), tuple(int(value) for value in 0.8 * paint), 1)
        cv2.rectangle(canvas, (60, 30), (190, 70), tuple(int(value) for value in rng.uniform(20, 230, 3)), -1)
    cv2.rectangle(canvas, (0, 94), (SIZE, 102), (35, 35, 37), -1)
    cv2.rectangle(canvas, (6, 116), (117, 160), glass, -1)
    for left in (2, 135):
        colour = (240, 240, 225) if left == 2 else (200, 25, 20)
        for x in (left + 4, left + 96):
            cv2.rectangle(canvas, (x, 184), (x + 16, 194), colour, -1)
        cv2.rectangle(canvas, (left + 40, 190), (left + 80, 198), (230, 230, 220), -1)
    if bus:
        cv2.rectangle(canvas, (140, 116), (250, 150), glass, -1)
    else:
        cv2.line(canvas, (194, 108), (194, 204), (60, 60, 60), 2)
    return canvas


def _large(materials: Materials) -> Vehicle:
    rng = materials.rng
    bus = bool(rng.random() < 0.4)
    page = materials.add(_page(materials, bus=bus))
    width, length, tall = rng.uniform(1.1, 1.25), rng.uniform(3.0, 5.5), rng.uniform(2.6, 3.6)
    shapes: list[Shape] = []
    if bus:
        shapes.append(_block(page, width, -tall, -0.35, -length, length))
    else:
        cab = length - 2.0
        shapes.append(_block(page, width, -tall, -0.9, -length, cab - 0.3))
        shapes.append(_block(page, 0.95 * width, -0.85 * tall, -0.4, cab, length))
        shapes.append(_block(page, 0.5 * width, -0.95, -0.55, -length + 0.2, cab + 0.1))
    for z in (-0.62 * length, 0.72 * length):
        for x in (-width + 0.12, width - 0.12):
            skin = Skin(materials.wheel, *WHEEL, textures.METAL)
            shapes.append(upright("ellipsoid", centre=(x, -0.45, z), radii=(0.15, 0.45, 0.45), skin=skin))
    return Vehicle(tuple(shapes), BUS if bus else TRUCK, float(width), float(length))


def _block(page: int, width: float, top: float, bottom: float, rear: float, front: float) -> Shape:
    down, lengthwise, crosswise = (Y, top, bottom), (Z, rear, front), (X, -width, width)
    side = patch(page, _SIDE, across=lengthwise, down=down)
    lid = patch(page, _PLAIN, across=lengthwise, down=crosswise)
    skins = (
        side,
        side,
        lid,
        lid,
        patch(page, _REAR, across=crosswise, down=down),
        patch(page, _FRONT, across=crosswise, down=down),
    )
    return box((-width, top, rear), (width, bottom, front), skins=skins)
