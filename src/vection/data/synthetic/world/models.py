"""Cars, people, trees, poles and houses: shapes with their textures, in body coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32

from vection.data.synthetic.world import facades, textures
from vection.data.synthetic.world.noise import fractal_noise, shuffled
from vection.data.synthetic.world.shapes import Colour, Corner, Shape, Skin, X, Y, Z, along, box, hull, upright

Region = tuple[float, float, float, float]


@dataclass
class Materials:
    """The colour pages of a world, painted as they are asked for."""

    rng: np.random.Generator
    palette: str = "vivid"
    trucks: float = 0.0
    """Share of trucks and buses among vehicles."""
    pages: list[textures.Page] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Paint what every world has."""
        self._tile = fractal_noise(self.rng)
        road = textures.road_page(self.rng)
        if self.palette == "natural":
            road = textures.evened(road, share=float(self.rng.uniform(0.15, 0.8)))
        self.road = self.add(road)
        self.pavement = self.add(textures.ground_page(self.rng, self._grey(105.0, 175.0), contrast=0.10))
        bounds = ((80, 120), (95, 122), (55, 78))
        lawn: Float32[np.ndarray, " 3"] = np.array([self.rng.uniform(*one) for one in bounds], np.float32)
        natural = self.palette == "natural"
        if natural:
            lawn = 0.75 * textures.foliage_colour(self.rng, dry=0.3) + np.float32(self.rng.uniform(15, 45))
        self.lawn = self.add(textures.ground_page(self.rng, lawn, contrast=0.3 if natural else 0.22))
        leaf_page = textures.natural_leaf_page if natural else textures.leaf_page
        self.leaves = [self.add(leaf_page(self.rng)) for _ in range(5 if natural else 3)]
        self.roofs = [self.add(textures.roof_page(self.rng)) for _ in range(3)]
        self.cloths = [self.add(textures.cloth_page(self.rng)) for _ in range(3)]
        self.wheel = self.add(textures.wheel_page())
        self.bark = self.add(textures.ground_page(self.rng, self._grey(60.0, 100.0), contrast=0.25))

    def _grey(self, low: float, high: float) -> Float32[np.ndarray, " 3"]:
        return textures.random_colour(self.rng, value=(low, high), saturation=(0.0, 0.15))

    def noise(self) -> Float32[np.ndarray, "256 256"]:
        """Return a tile of noise for one more page."""
        return shuffled(self.rng, self._tile)

    def add(self, page: textures.Page) -> int:
        """Keep a page and return its number."""
        self.pages.append(page)
        return len(self.pages) - 1

    def pick(self, pages: Sequence[int]) -> int:
        """Return one of `pages`."""
        return pages[int(self.rng.integers(len(pages)))]


def patch(page: int, region: Region, *, across: tuple[int, float, float], down: tuple[int, float, float]) -> Skin:
    """Stretch a region of a page over a face, given its axis and ends across and down."""
    u = along(across[0], start=across[1], stop=across[2], tiles=(region[0], region[2]))
    v = along(down[0], start=down[1], stop=down[2], tiles=(region[1], region[3]))
    return Skin(page, u, v, textures.METAL)


def wrap(page: int, metres: float, *, detail: int, tint: Colour = (1.0, 1.0, 1.0), shift: float = 0.0) -> Skin:
    """Wrap a repeating page around a curved shape, `metres` a tile."""
    return Skin(page, (1 / metres, 0.0, 0.0, shift), (0.0, 1 / metres, 0.0, 0.37 * shift), detail, tint)


WHEEL = ((0.5 / 0.66, 0.0, 0.0, 0.5), (0.0, 0.5 / 0.66, 0.0, 0.5))
"""Unfolded, the visible half of a wheel of 0.33 m radius fills the circle of radius 0.66 m."""


def car(materials: Materials) -> tuple[tuple[Shape, ...], float, float]:
    """Build a car heading to +z; return its shapes, half width and half length."""
    rng = materials.rng
    paint = textures.car_colour(rng) if materials.palette == "natural" else None
    page = materials.add(facades.car_page(rng, noise=materials.noise(), paint=paint))
    van = bool(rng.random() < 0.2)
    half_width, half_length = rng.uniform(0.83, 0.95), rng.uniform(1.85, 2.4) + 0.4 * van
    waist, roof = -rng.uniform(0.85, 0.98), -(rng.uniform(1.9, 2.3) if van else rng.uniform(1.38, 1.65))
    low, high = (-half_width, waist, -half_length), (half_width, -0.22, half_length)
    lengthwise, crosswise, upright_span = (
        (Z, -half_length, half_length),
        (X, -half_width, half_width),
        (Y, waist, -0.22),
    )
    side = patch(page, facades.BODY_SIDE, across=lengthwise, down=upright_span)
    top = patch(page, facades.BODY_TOP, across=lengthwise, down=crosswise)
    rear = patch(page, facades.BODY_REAR, across=crosswise, down=upright_span)
    front = patch(page, facades.BODY_FRONT, across=crosswise, down=upright_span)
    body = box(low, high, skins=(side, side, top, top, rear, front))
    shapes = [body, _cabin(rng, page, van=van, waist=waist, roof=roof, half=(half_width, half_length))]
    for z in (-half_length + 2 * half_length * 50 / 256, -half_length + 2 * half_length * 206 / 256):
        for x in (-half_width + 0.08, half_width - 0.08):
            skin = Skin(materials.wheel, *WHEEL, textures.METAL)
            shapes.append(upright("ellipsoid", centre=(x, -0.33, z), radii=(0.12, 0.33, 0.33), skin=skin))
    return tuple(shapes), half_width, half_length


def _cabin(
    rng: np.random.Generator, page: int, *, van: bool, waist: float, roof: float, half: tuple[float, float]
) -> Shape:
    """The windows and the roof: a truncated wedge."""
    bottom_x = half[0] - 0.04
    lean = 0.06 if van else rng.uniform(0.10, 0.2)
    rear, front = -half[1] + (0.05 if van else rng.uniform(0.1, 0.5)), half[1] - rng.uniform(0.7, 1.2)
    rear_slope, front_slope = (0.06, 0.5) if van else (rng.uniform(0.25, 0.6), rng.uniform(0.5, 0.85))
    tall = waist - roof
    planes: list[tuple[Corner, Corner]] = [
        ((-tall, -lean, 0.0), (-bottom_x, waist, 0.0)),
        ((tall, -lean, 0.0), (bottom_x, waist, 0.0)),
        ((0.0, -1.0, 0.0), (0.0, roof, 0.0)),
        ((0.0, 1.0, 0.0), (0.0, waist, 0.0)),
        ((0.0, -rear_slope, -tall), (0.0, waist, rear)),
        ((0.0, -front_slope, tall), (0.0, waist, front)),
    ]
    lengthwise, crosswise, down = (Z, rear, front), (X, -bottom_x, bottom_x), (Y, roof, waist)
    side = patch(page, facades.CABIN_SIDE, across=lengthwise, down=down)
    top = patch(page, facades.BODY_TOP, across=lengthwise, down=crosswise)
    back = patch(page, facades.REAR_WINDOW, across=crosswise, down=down)
    screen = patch(page, facades.WINDSCREEN, across=crosswise, down=down)
    return hull(
        (-bottom_x, roof, rear), (bottom_x, waist, front), planes=planes, skins=(side, side, top, top, back, screen)
    )


def person(materials: Materials) -> tuple[Shape, ...]:
    """Build a walker heading to +z."""
    rng = materials.rng
    tall = rng.uniform(1.5, 1.9)
    trousers, coat, skin = (random_tint(rng, 0.2, 0.7), random_tint(rng, 0.25, 1.0), rng.uniform(0.5, 1.0))
    cloth = materials.pick(materials.cloths)
    shift = float(rng.random())
    legs = [
        upright(
            "cylinder",
            centre=(x, -0.24 * tall, z),
            radii=(0.085, 0.24 * tall, 0.085),
            skin=wrap(cloth, 0.7, detail=textures.CLOTH, tint=trousers, shift=shift),
        )
        for x, z in ((-0.1, 0.13), (0.1, -0.13))
    ]
    torso = upright(
        "ellipsoid",
        centre=(0.0, -0.66 * tall, 0.0),
        radii=(0.26, 0.24 * tall, 0.18),
        skin=wrap(cloth, 0.8, detail=textures.CLOTH, tint=coat, shift=shift),
    )
    face = wrap(cloth, 0.9, detail=textures.PLASTER, tint=(0.95 * skin, 0.72 * skin, 0.58 * skin))
    head = upright("ellipsoid", centre=(0.0, -0.93 * tall, 0.02), radii=(0.1, 0.07 * tall, 0.11), skin=face)
    return (*legs, torso, head)


def random_tint(rng: np.random.Generator, low: float, high: float) -> Colour:
    """Any hue, with a value between `low` and `high`."""
    red, green, blue = textures.random_colour(rng, value=(low, high), saturation=(0.0, 0.7))
    return float(red), float(green), float(blue)


def tree(materials: Materials) -> tuple[Shape, Shape, Shape]:
    """Build a trunk with two lumps of leaves."""
    rng = materials.rng
    tall, spread = rng.uniform(4.5, 8.5), rng.uniform(1.1, 2.3)
    trunk_skin = wrap(materials.bark, 0.9, detail=textures.LEAVES)
    trunk_top = 0.55 * tall
    trunk = upright("cylinder", centre=(0.0, -trunk_top / 2, 0.0), radii=(0.16, trunk_top / 2, 0.16), skin=trunk_skin)
    page, shade, shift = materials.pick(materials.leaves), rng.uniform(0.75, 1.15), float(rng.random())
    leaf_skin = wrap(page, 2.9, detail=textures.LEAVES, tint=(shade, shade, shade), shift=shift)
    half = 0.32 * tall
    crown = upright("ellipsoid", centre=(0.0, -tall + half, 0.0), radii=(spread, half, spread), skin=leaf_skin)
    side = (rng.uniform(-0.6, 0.6), -tall + 1.3 * half, rng.uniform(-0.6, 0.6))
    return trunk, crown, upright("ellipsoid", centre=side, radii=(0.8 * spread, 0.6 * half, spread), skin=leaf_skin)


def bush(materials: Materials) -> Shape:
    """Build a low round shrub."""
    rng = materials.rng
    size = rng.uniform(0.5, 1.2)
    skin = wrap(materials.pick(materials.leaves), 2.1, detail=textures.LEAVES, shift=float(rng.random()))
    return upright("ellipsoid", centre=(0.0, -0.5 * size, 0.0), radii=(size, 0.8 * size, size), skin=skin)


def pole(materials: Materials, *, tall: float, radius: float) -> Shape:
    """Build a post."""
    grey = materials.rng.uniform(0.5, 1.0)
    skin = wrap(materials.pavement, 2.0, detail=textures.PLASTER, tint=(grey, grey, grey))
    return upright("cylinder", centre=(0.0, -tall / 2, 0.0), radii=(radius, tall / 2, radius), skin=skin)


def board(materials: Materials, *, centre: Corner, half: Corner, colour: Colour | None = None) -> Shape:
    """Build a plain box of `colour`, or of a strong one of its own: a sign, a bin, a lamp."""
    rng = materials.rng
    page, tint = materials.pick(materials.cloths), random_tint(rng, 0.3, 1.1)
    if colour is not None:
        tint = colour
    down = along(Y, start=0.0, stop=1.3)
    sides, ends = (Skin(page, along(axis, start=0.0, stop=1.3), down, textures.PLASTER, tint) for axis in (Z, X))
    lid = Skin(page, along(X, start=0.0, stop=1.3), along(Z, start=0.0, stop=1.3), textures.PLASTER, tint)
    low = (centre[0] - half[0], centre[1] - half[1], centre[2] - half[2])
    high = (centre[0] + half[0], centre[1] + half[1], centre[2] + half[2])
    return box(low, high, skins=(sides, sides, lid, lid, ends, ends))


def wall(materials: Materials, *, length: float, tall: float, hedge: bool) -> Shape:
    """Build a garden wall or hedge along z."""
    page = materials.pick(materials.leaves) if hedge else materials.pavement
    detail = textures.LEAVES if hedge else textures.BRICK
    u, v = along(Z, start=0.0, stop=3.0), along(Y, start=0.0, stop=3.0)
    side = Skin(page, u, v, detail)
    end = Skin(page, along(X, start=0.0, stop=3.0), v, detail)
    top = Skin(page, u, along(X, start=0.0, stop=3.0), detail)
    thick = 0.5 if hedge else 0.15
    return box((-thick, -tall, -length / 2), (thick, 0.0, length / 2), skins=(side, side, top, top, end, end))
