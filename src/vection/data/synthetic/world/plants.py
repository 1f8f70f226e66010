"""Trees and shrubs of several irregular crowns, in body coordinates."""

from typing import Literal

import numpy as np

from vection.data.synthetic.world import textures
from vection.data.synthetic.world.models import Materials, wrap
from vection.data.synthetic.world.shapes import Colour, Corner, Shape, Skin, X, Y, along, hull, upright

Form = Literal["round", "wide", "tall", "conifer"]


def grown_tree(
    materials: Materials, *, tall: float, form: Form, crowns: int = 4, bare: float = 0.3
) -> tuple[Shape, ...]:
    """Build a tree whose lowest leaves hang at `bare` of its height, with up to `crowns` clumps around a dark core."""
    rng = materials.rng
    spread = tall * {"round": 0.27, "wide": 0.4, "tall": 0.12, "conifer": 0.2}[form] * rng.uniform(0.8, 1.2)
    lean = (float(rng.normal(0, 0.05)), float(rng.normal(0, 0.05)))
    top = tall * (bare + 0.25)
    radius = tall * rng.uniform(0.012, 0.024)
    shapes = [_trunk(materials, start=(0.0, 0.0, 0.0), tall=top, radius=radius, lean=lean)]
    middle = tall * (1 + bare) / 2
    half = tall * (1 - bare) / 2
    page, tone = materials.pick(materials.leaves), rng.uniform(0.75, 1.2)
    if form == "conifer":
        for share in np.linspace(0.12, 0.8, max(2, crowns)):
            width = spread * (1.05 - share)
            centre = (0.0, -tall * (bare + (1 - bare) * share), 0.0)
            radii = (width, 0.75 * half * (1 - bare) / max(1, crowns - 1) + 0.5, width)
            shapes.append(_clump(materials, page, centre=centre, radii=radii, tone=tone))
        return tuple(shapes)
    at = (lean[0] * middle, -middle, lean[1] * middle)
    core = (0.6 * spread, 0.7 * half, 0.6 * spread)
    shapes.append(_clump(materials, page, centre=at, radii=core, tone=0.6 * tone, solid=crowns > 1))
    for number in range(crowns if crowns > 1 else 0):
        angle = 2 * np.pi * (number / crowns + rng.uniform(0, 0.6))
        out, up = spread * rng.uniform(0.3, 0.65), half * rng.uniform(-0.65, 0.65)
        size = spread * rng.uniform(0.35, 0.75)
        centre = (at[0] + out * np.cos(angle), at[1] + up, at[2] + out * np.sin(angle))
        radii = (size, max(0.3 * half, size * rng.uniform(0.6, 0.95)), size)
        shapes.append(_clump(materials, page, centre=centre, radii=radii, tone=tone * rng.uniform(0.8, 1.2)))
    if crowns > 3 and rng.random() < 0.6:
        fork = (lean[0] * 0.6 * top, -0.6 * top, lean[1] * 0.6 * top)
        branch = tuple(float(value) for value in rng.normal(0, 0.5, 2))
        shapes.append(_trunk(materials, start=fork, tall=0.6 * top, radius=0.6 * radius, lean=(branch[0], branch[1])))
    return tuple(shapes)


def any_tree(
    materials: Materials, *, tall: tuple[float, float], crowns: int = 4, bare: float | None = None
) -> tuple[Shape, ...]:
    """Build a tree of any form."""
    rng = materials.rng
    forms: tuple[Form, ...] = ("round", "wide", "tall", "conifer")
    form = forms[int(rng.choice(4, p=[0.5, 0.25, 0.13, 0.12]))]
    lowest = rng.uniform(0.1, 0.5) if bare is None else bare
    return grown_tree(materials, tall=rng.uniform(*tall), form=form, crowns=crowns, bare=lowest)


def shrub(materials: Materials, *, size: tuple[float, float], clumps: int = 3) -> tuple[Shape, ...]:
    """Build a heap of leaves on the ground."""
    rng = materials.rng
    tall = rng.uniform(*size)
    page, tone = materials.pick(materials.leaves), rng.uniform(0.7, 1.2)
    core = _clump(
        materials,
        page,
        centre=(0.0, -0.4 * tall, 0.0),
        radii=(0.7 * tall, 0.45 * tall, 0.8 * tall),
        tone=0.7 * tone,
        solid=True,
    )
    shapes = [core]
    for _ in range(clumps):
        x, z = rng.normal(0, 0.35 * tall, 2)
        radius = tall * rng.uniform(0.3, 0.6)
        centre = (float(x), -tall * rng.uniform(0.25, 0.65), float(z))
        shapes.append(_clump(materials, page, centre=centre, radii=(radius, 0.85 * radius, radius), tone=tone))
    return tuple(shapes)


def thicket(materials: Materials, *, length: float, tall: float, depth: float) -> tuple[Shape, ...]:
    """Build a long dark heap along z that closes the view between trunks: leafy clumps around a solid one."""
    rng = materials.rng
    page, tone = materials.pick(materials.leaves), rng.uniform(0.45, 0.95)
    radii = (0.7 * depth, 0.5 * tall, 0.6 * length)
    shapes = [
        _clump(materials, page, centre=(0.0, -0.25 * tall, 0.0), radii=radii, tone=0.6 * tone, solid=True, tile=7.3)
    ]
    for place in (-0.38, 0.0, 0.38):
        high, reach = tall * rng.uniform(0.55, 1.1), length * rng.uniform(0.2, 0.36)
        centre = (float(rng.normal(0, 0.15 * depth)), -0.5 * high, place * length)
        clump = (depth * rng.uniform(0.7, 1.1), 0.55 * high, reach)
        shapes.append(_clump(materials, page, centre=centre, radii=clump, tone=tone * rng.uniform(0.7, 1.3), tile=7.3))
    return tuple(shapes)


def _clump(
    materials: Materials,
    page: int,
    *,
    centre: Corner,
    radii: Corner,
    tone: float,
    solid: bool = False,
    tile: float = 2.6,
) -> Shape:
    tint: Colour = (tone, tone, tone)
    shift = float(materials.rng.random())
    skin = wrap(page, tile, detail=textures.LEAVES, tint=tint, shift=shift)
    return upright("ellipsoid" if solid else "foliage", centre=centre, radii=radii, skin=skin)


def _trunk(materials: Materials, *, start: Corner, tall: float, radius: float, lean: tuple[float, float]) -> Shape:
    """Build a leaning square beam, `lean` metres across a metre up."""
    tone = float(materials.rng.uniform(0.4, 1.0))
    tint = (tone, 0.92 * tone, 0.82 * tone)
    v = along(Y, start=0.0, stop=1.1)
    sides = [Skin(materials.bark, along(axis, start=0.0, stop=0.9), v, textures.LEAVES, tint) for axis in (2, X)]
    x, y, z = start
    planes: list[tuple[Corner, Corner]] = [
        ((-1.0, -lean[0], 0.0), (x - radius, y, z)),
        ((1.0, lean[0], 0.0), (x + radius, y, z)),
        ((0.0, -1.0, 0.0), (x, y - tall, z)),
        ((0.0, 1.0, 0.0), (x, y, z)),
        ((0.0, -lean[1], -1.0), (x, y, z - radius)),
        ((0.0, lean[1], 1.0), (x, y, z + radius)),
    ]
    ends = (x + lean[0] * tall, z + lean[1] * tall)
    low = (min(x, ends[0]) - radius, y - tall, min(z, ends[1]) - radius)
    high = (max(x, ends[0]) + radius, y, max(z, ends[1]) + radius)
    return hull(low, high, planes=planes, skins=(sides[0], sides[0], sides[0], sides[0], sides[1], sides[1]))
