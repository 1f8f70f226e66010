"""What stands at roads beside houses and trees: rails, fences, signs, lights, gantries, bridges, banks."""

from dataclasses import replace

import numpy as np

from vection.data.synthetic.world import textures
from vection.data.synthetic.world.classes import POLE
from vection.data.synthetic.world.models import Materials, board, pole, random_tint, wrap
from vection.data.synthetic.world.shapes import Colour, Corner, Shape, Skin, X, Y, Z, along, hull, upright

_BLACK: Colour = (0.09, 0.09, 0.1)
_WHITE: Colour = (1.15, 1.15, 1.15)
_RED: Colour = (0.85, 0.08, 0.08)
_BLUE: Colour = (0.08, 0.25, 0.75)
_LAMPS: tuple[Colour, ...] = ((1.8, 0.15, 0.08), (1.5, 0.9, 0.1), (0.1, 1.2, 0.6))


def grey(tone: float) -> Colour:
    """A neutral tint."""
    return tone, tone, tone


def guard_rail(materials: Materials, *, length: float) -> tuple[Shape, ...]:
    """Build a rail along z on posts."""
    tone = grey(float(materials.rng.uniform(0.65, 1.05)))
    rail = board(materials, centre=(0.0, -0.6, 0.0), half=(0.04, 0.155, length / 2), colour=tone)
    posts = [
        board(materials, centre=(0.09, -0.37, z), half=(0.05, 0.37, 0.05), colour=tone)
        for z in np.arange(-length / 2 + 0.3, length / 2, 2.0)
    ]
    return (rail, *posts)


def fence(materials: Materials, *, length: float, tall: float, gap: float) -> tuple[Shape, ...]:
    """Build a see-through fence along z: posts `gap` apart and two rails."""
    tone = grey(float(materials.rng.choice([0.2, 0.5, 1.05])))
    rails = [
        board(materials, centre=(0.0, -share * tall, 0.0), half=(0.025, 0.035, length / 2), colour=tone)
        for share in (0.25, 0.9)
    ]
    posts = [
        board(materials, centre=(0.0, -tall / 2, float(z)), half=(0.03, tall / 2, 0.035), colour=tone)
        for z in np.arange(-length / 2, length / 2, gap)
    ]
    return (*rails, *posts)


def sign(materials: Materials) -> tuple[Shape, ...]:
    """Build a post with a round, square or three-cornered sign that faces -z."""
    rng = materials.rng
    tall = rng.uniform(2.1, 2.9)
    post = _carrier(pole(materials, tall=tall, radius=0.04))
    kind = rng.integers(3)
    if kind == 0:
        outer, inner = (_RED, _WHITE) if rng.random() < 0.5 else (_BLUE, _BLUE)
        return (
            post,
            _disc(materials, (0.0, -tall, -0.06), 0.32, outer),
            _disc(materials, (0.0, -tall, -0.08), 0.23, inner),
        )
    if kind == 1:
        half = (rng.uniform(0.25, 0.8), rng.uniform(0.2, 0.5), 0.02)
        colour = (_BLUE, _WHITE, (1.2, 0.85, 0.1))[int(rng.integers(3))]
        return post, board(materials, centre=(0.0, -tall, -0.06), half=half, colour=colour)
    return (
        post,
        _triangle(materials, (0.0, -tall, -0.06), 0.42, _RED),
        _triangle(materials, (0.0, -tall, -0.08), 0.27, _WHITE),
    )


def _carrier(shape: Shape) -> Shape:
    """Call a part a pole: it carries what its body is."""
    return replace(shape, semantics=POLE)


def _disc(materials: Materials, centre: Corner, radius: float, colour: Colour) -> Shape:
    skin = wrap(materials.cloths[0], 3.0, detail=textures.METAL, tint=colour)
    return upright("ellipsoid", centre=centre, radii=(radius, radius, 0.03), skin=skin)


def _triangle(materials: Materials, centre: Corner, half: float, colour: Colour) -> Shape:
    skin = Skin(
        materials.cloths[0], along(X, start=0.0, stop=2.0), along(Y, start=0.0, stop=2.0), textures.METAL, colour
    )
    x, y, z = centre
    planes: list[tuple[Corner, Corner]] = [
        ((0.0, -1.0, 0.0), (x, y - 0.58 * half, z)),
        ((1.0, 0.577, 0.0), (x + half, y - 0.58 * half, z)),
        ((-1.0, 0.577, 0.0), (x - half, y - 0.58 * half, z)),
        ((0.0, 0.0, -1.0), (x, y, z - 0.01)),
        ((0.0, 0.0, 1.0), (x, y, z + 0.01)),
    ]
    low, high = (x - half, y - 0.58 * half, z - 0.01), (x + half, y + 1.16 * half, z + 0.01)
    return hull(low, high, planes=planes, skins=[skin] * 5)


def traffic_light(materials: Materials, *, arm: float) -> tuple[Shape, ...]:
    """Build a post with lamps facing -z, and more of them on an arm of `arm` metres along x (0: none)."""
    rng = materials.rng
    tone = grey(float(rng.uniform(0.15, 0.8)))
    tall = 3.2 if arm == 0 else 5.6
    shapes = [_carrier(board(materials, centre=(0.0, -tall / 2, 0.0), half=(0.07, tall / 2, 0.07), colour=tone))]
    places = [(0.0, -2.9)]
    if arm:
        beam = board(materials, centre=(arm / 2, -tall, 0.0), half=(abs(arm) / 2, 0.06, 0.06), colour=tone)
        shapes.append(_carrier(beam))
        places.append((arm, -tall + 0.2))
    lit = int(rng.integers(3))
    for x, y in places:
        shapes.append(board(materials, centre=(x, y, -0.15), half=(0.17, 0.5, 0.12), colour=_BLACK))
        for number in range(3):
            colour = _LAMPS[number] if number == lit else grey(0.16)
            shapes.append(_disc(materials, (x, y - 0.3 + 0.3 * number, -0.28), 0.11, colour))
    return tuple(shapes)


def bollards(materials: Materials, *, length: float) -> tuple[Shape, ...]:
    """Build a row of short posts along z."""
    tall, gap = materials.rng.uniform(0.6, 1.1), materials.rng.uniform(1.4, 3)
    tone = grey(float(materials.rng.uniform(0.3, 1.2)))
    return tuple(
        board(materials, centre=(0.0, -tall / 2, float(z)), half=(0.06, tall / 2, 0.06), colour=tone)
        for z in np.arange(-length / 2, length / 2, gap)
    )


def gantry(materials: Materials, *, left: float, right: float) -> tuple[Shape, ...]:
    """Build posts at x = `left` and `right`, a beam between them and boards on it."""
    rng = materials.rng
    tall, tone = rng.uniform(5.6, 6.6), grey(float(rng.uniform(0.5, 0.9)))
    shapes = [
        board(materials, centre=(x, -tall / 2, 0.0), half=(0.15, tall / 2, 0.15), colour=tone) for x in (left, right)
    ]
    middle, half = (left + right) / 2, (right - left) / 2
    shapes.append(board(materials, centre=(middle, -tall, 0.0), half=(half, 0.2, 0.15), colour=tone))
    shapes = list(map(_carrier, shapes))
    for _ in range(int(rng.integers(1, 4))):
        wide = rng.uniform(0.8, 2.2)
        place = (middle + rng.uniform(-0.7, 0.7) * half, -tall - 0.3, -0.25)
        colour = _BLUE if rng.random() < 0.6 else random_tint(rng, 0.3, 1.1)
        shapes.append(board(materials, centre=place, half=(wide, rng.uniform(0.5, 1.1), 0.05), colour=colour))
    return tuple(shapes)


def bridge(materials: Materials, *, half: float, clear: float) -> tuple[Shape, ...]:
    """Build a deck over the road, `clear` metres to each side free of pillars, with railings."""
    rng = materials.rng
    under, thick, wide = rng.uniform(4.8, 6.0), rng.uniform(0.8, 1.6), rng.uniform(2.5, 6.0)
    tone = grey(float(rng.uniform(0.5, 1.0)))
    deck = board(materials, centre=(0.0, -under - thick / 2, 0.0), half=(half, thick / 2, wide), colour=tone)
    pillar = (0.5, under / 2, 0.8 * wide)
    shapes = [deck]
    shapes += [board(materials, centre=(x, -under / 2, 0.0), half=pillar, colour=tone) for x in (-clear, clear)]
    top = -under - thick
    for z in (-wide + 0.1, wide - 0.1):
        shapes.append(board(materials, centre=(0.0, top - 1.0, z), half=(half, 0.05, 0.05), colour=grey(0.4)))
        shapes += [
            board(materials, centre=(float(x), top - 0.5, z), half=(0.05, 0.5, 0.05), colour=grey(0.4))
            for x in np.arange(-half, half, 3.0)
        ]
    return tuple(shapes)


def bank(materials: Materials, *, length: float, tall: float, run: float) -> Shape:
    """Build a grassy slope along z that rises to `tall` over `run` metres towards +x, with a steep back."""
    v = along(Z, start=0.0, stop=23.0)
    skin = Skin(materials.lawn, along(X, start=0.0, stop=23.0), v, textures.GRASS)
    planes: list[tuple[Corner, Corner]] = [
        ((-tall, -run, 0.0), (0.0, 0.0, 0.0)),
        ((1.0, 0.0, 0.0), (run + 3.0, 0.0, 0.0)),
        ((0.0, -1.0, 0.0), (0.0, -tall, 0.0)),
        ((0.0, 0.0, -1.0), (0.0, 0.0, -length / 2)),
        ((0.0, 0.0, 1.0), (0.0, 0.0, length / 2)),
    ]
    low, high = (0.0, -tall, -length / 2), (run + 3.0, 0.0, length / 2)
    return hull(low, high, planes=planes, skins=[skin] * 5)
