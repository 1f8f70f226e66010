"""Houses: a box or a gabled solid with a front of its own."""

from vection.data.synthetic.world import facades, textures
from vection.data.synthetic.world.models import Materials
from vection.data.synthetic.world.shapes import Corner, Shape, Skin, X, Y, Z, along, box, hull


def house(materials: Materials, *, width: float, depth: float, tall: float) -> tuple[Shape, ...]:
    """Build a house along z whose front is the face x = 0, standing on 0 <= x <= depth."""
    rng = materials.rng
    front_page = _front_page(materials, width=width, tall=tall)
    detail = int(rng.choice([textures.BRICK, textures.PLASTER, textures.PAVING]))
    down = along(Y, start=-tall, stop=0.0)
    front = Skin(front_page, along(Z, start=-width / 2, stop=width / 2), down, detail)
    share = min(1.0, depth / width)
    gable = Skin(front_page, along(X, start=0.0, stop=depth, tiles=(0.0, share)), down, detail, (0.86, 0.86, 0.88))
    shapes = [_gabled(materials, front, gable, size=(depth, tall, width))]
    if rng.random() < 0.5:
        shapes += _bays(materials, front, width=width, tall=tall)
    return tuple(shapes)


def _front_page(materials: Materials, *, width: float, tall: float) -> int:
    rng = materials.rng
    wall = textures.wall_colour(rng) if materials.palette == "natural" else None
    return materials.add(facades.facade_page(rng, width=width, height=tall, noise=materials.noise(), wall=wall))


def _gabled(materials: Materials, front: Skin, gable: Skin, *, size: tuple[float, float, float]) -> Shape:
    rng = materials.rng
    depth, tall, width = size
    rise = depth / 2 * rng.uniform(0.45, 1.0) if rng.random() < 0.65 else 0.3
    page = materials.pick(materials.roofs)
    slope = (rise, -depth / 2)
    roof = Skin(page, along(Z, start=0.0, stop=7.0), along(X, start=0.0, stop=6.0), textures.PAVING)
    middle: Corner = (depth / 2, -tall - rise, 0.0)
    planes: list[tuple[Corner, Corner]] = [
        ((-1.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((1.0, 0.0, 0.0), (depth, 0.0, 0.0)),
        ((-slope[0], slope[1], 0.0), middle),
        ((slope[0], slope[1], 0.0), middle),
        ((0.0, 0.0, -1.0), (0.0, 0.0, -width / 2)),
        ((0.0, 0.0, 1.0), (0.0, 0.0, width / 2)),
    ]
    low, high = (0.0, -tall - rise, -width / 2), (depth, 0.0, width / 2)
    return hull(low, high, planes=planes, skins=(front, front, roof, roof, gable, gable))


def _bays(materials: Materials, front: Skin, *, width: float, tall: float) -> list[Shape]:
    """Balconies, porches and oriels that stand out of the front by up to a metre."""
    rng = materials.rng
    bays: list[Shape] = []
    tint = float(rng.uniform(0.7, 1.15))
    skin = Skin(front.page, front.u, front.v, front.detail, (tint, tint, tint))
    side = Skin(front.page, along(X, start=0.0, stop=width), front.v, front.detail, (0.8, 0.8, 0.8))
    for _ in range(int(rng.integers(1, 4))):
        half, out = rng.uniform(0.5, 1.4), rng.uniform(0.35, 1.1)
        centre = rng.uniform(-0.5, 0.5) * (width - 2 * half)
        top = -rng.uniform(0.35, 0.95) * tall
        bottom = 0.0 if rng.random() < 0.4 else min(0.0, top + rng.uniform(1.0, 2.5))
        low, high = (-out, top, centre - half), (0.05, bottom, centre + half)
        bays.append(box(low, high, skins=(skin, skin, side, side, side, side)))
    return bays


def across(materials: Materials, *, width: float, tall: float) -> Shape:
    """Build a large house that closes the view: its front is the face z = 0, along x."""
    page = _front_page(materials, width=width, tall=tall)
    down = along(Y, start=-tall, stop=0.0)
    front = Skin(page, along(X, start=-width / 2, stop=width / 2), down, textures.BRICK)
    side = Skin(page, along(Z, start=0.0, stop=width), down, textures.BRICK, (0.85, 0.85, 0.85))
    low, high = (-width / 2, -tall, 0.0), (width / 2, 0.0, 12.0)
    return box(low, high, skins=(side, side, side, side, front, front))
