"""Texture pages: grey fine structures shared by all; colours of grounds, leaves, roofs, cloth."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from vection.data.synthetic.world.noise import SIZE, fractal_noise, random_grid

Page = UInt8[np.ndarray, "256 256 3"]
GreyPage = UInt8[np.ndarray, "256 256 1"]
AnyPage = UInt8[np.ndarray, "256 256 channels"]

ASPHALT, PAVING, GRASS, BRICK, PLASTER, LEAVES, CLOTH, METAL = range(8)
"""Detail pages."""
DETAIL_METRES = np.array([5.3, 3.1, 4.1, 1.9, 3.3, 1.7, 0.9, 1.3], np.float32)
"""Metres that one tile of each detail page covers."""
DETAIL_NEUTRAL = 128.0
"""Grey value of a detail page that leaves the colour as it is."""


def detail_pages(rng: np.random.Generator) -> list[GreyPage]:
    """Paint the fine structures, in the order of the constants above."""
    asphalt = 0.8 * fractal_noise(rng, slope=0.75, lowest=2.0) + 0.5 * _specks(rng, share=0.04)
    joints = _joints(rows=6, columns=6, width=2, shift=0)
    paving = 0.7 * random_grid(rng, rows=6, columns=6) + 0.6 * fractal_noise(rng, slope=0.9, lowest=4.0) - 1.3 * joints
    grass = fractal_noise(rng, slope=0.5, lowest=4.0)
    courses = _joints(rows=24, columns=8, width=1, shift=16)
    brick = 0.8 * random_grid(rng, rows=24, columns=8) + 0.5 * fractal_noise(rng, slope=0.7, lowest=4.0) - 0.9 * courses
    plaster = fractal_noise(rng, slope=0.85, lowest=2.0)
    leaves = 1.2 * fractal_noise(rng, slope=0.8, lowest=4.0, highest=64.0)
    cloth = fractal_noise(rng, slope=0.9, lowest=3.0)
    metal = fractal_noise(rng, slope=1.2, lowest=2.0)
    contrast = (0.17, 0.17, 0.25, 0.20, 0.15, 0.30, 0.25, 0.10)
    layers = (asphalt, paving, grass, brick, plaster, leaves, cloth, metal)
    return [
        (DETAIL_NEUTRAL * (1 + strength * layer)).clip(0, 255).astype(np.uint8)[:, :, None]
        for strength, layer in zip(contrast, layers, strict=True)
    ]


def calm_details(pages: list[GreyPage], rng: np.random.Generator) -> list[GreyPage]:
    """Leave real walls, roads and paint as smooth as they are: a share of each page's contrast."""
    shares = {
        ASPHALT: rng.uniform(0.3, 1.0),
        PAVING: rng.uniform(0.3, 1.0),
        PLASTER: rng.uniform(0.2, 0.7),
        METAL: 0.12,
    }
    shares |= {BRICK: rng.uniform(0.3, 1.0), CLOTH: 0.6}
    return [evened(page, share=shares.get(number, 1.0)) for number, page in enumerate(pages)]


def colour_page(brightness: Float32[np.ndarray, "256 256"], colour: Float32[np.ndarray, " 3"]) -> Page:
    """`colour` (0..255) times a brightness around 1."""
    return (brightness[:, :, None] * colour).clip(0, 255).astype(np.uint8)


def random_colour(
    rng: np.random.Generator, *, value: tuple[float, float], saturation: tuple[float, float]
) -> Float32[np.ndarray, " 3"]:
    """Any hue, with value (0..255) and saturation (0..1) from the ranges."""
    hue = rng.uniform(0, 6)
    ramp = np.clip(np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    strength = rng.uniform(*saturation)
    return (rng.uniform(*value) * (1 - strength + strength * ramp)).astype(np.float32)


def road_page(rng: np.random.Generator) -> Page:
    """Asphalt at large scale: repaired patches, stains, tar seams, manholes."""
    base = 1 + 0.10 * fractal_noise(rng, slope=1.0)
    for _ in range(int(rng.integers(8, 22))):
        (x, y), (w, h) = rng.integers(0, SIZE - 30, 2), rng.integers(4, 30, 2)
        base[y : y + h, x : x + w] *= rng.uniform(0.72, 1.2)
    for _ in range(int(rng.integers(6, 14))):
        points = np.cumsum(rng.normal(0, 7, (12, 2)), axis=0) + rng.uniform(0, SIZE, 2)
        cv2.polylines(base, [points.astype(np.int32)], False, float(rng.uniform(0.55, 0.75)), 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(3, 9))):
        x, y = (int(value) for value in rng.integers(4, SIZE - 4, 2))
        cv2.circle(base, (x, y), 2, float(rng.uniform(0.45, 0.65)), -1, cv2.LINE_AA)
    return colour_page(base, random_colour(rng, value=(70.0, 125.0), saturation=(0.0, 0.08)))


def evened(page: AnyPage, *, share: float) -> AnyPage:
    """Keep a share of a page's contrast and of its colour."""
    mean = page.mean(axis=(0, 1), dtype=np.float32)
    return (mean.mean() + share * (page - mean.mean())).clip(0, 255).astype(np.uint8)


def ground_page(rng: np.random.Generator, colour: Float32[np.ndarray, " 3"], *, contrast: float) -> Page:
    """Any other ground: uneven at all scales."""
    return colour_page(1 + contrast * fractal_noise(rng, slope=0.8), colour)


def leaf_page(rng: np.random.Generator) -> Page:
    """Foliage: dark gaps between lit clumps."""
    clumps = fractal_noise(rng, slope=0.7, lowest=3.0, highest=80.0)
    colour = np.array([rng.uniform(62, 115), rng.uniform(82, 122), rng.uniform(40, 66)], np.float32)
    return colour_page(1 + 0.42 * clumps, colour)


def foliage_colour(rng: np.random.Generator, *, dry: float = 0.2) -> Float32[np.ndarray, " 3"]:
    """Green from dark to yellowish; with probability `dry`, yellow or brown."""
    value = rng.uniform(50, 125)
    red = rng.uniform(0.62, 0.95) if rng.random() >= dry else rng.uniform(0.95, 1.15)
    return (value * np.array([red, 1.0, rng.uniform(0.42, 0.72)])).astype(np.float32)


def natural_leaf_page(rng: np.random.Generator) -> Page:
    """Foliage of small clumps with deep gaps, in a green of its own."""
    clumps = fractal_noise(rng, slope=0.55, lowest=4.0, highest=110.0)
    return colour_page(np.exp(0.55 * clumps) * (1 + 0.15 * fractal_noise(rng, slope=1.2)), foliage_colour(rng))


def car_colour(rng: np.random.Generator) -> Float32[np.ndarray, " 3"]:
    """A usual paint: black, white, silver, grey, dark blue, red, seldom any hue."""
    usual = np.array(
        [[22, 23, 26], [222, 223, 222], [150, 153, 157], [88, 91, 95], [28, 38, 75], [130, 22, 24]], np.float32
    )
    kind = int(rng.choice(7, p=[0.26, 0.18, 0.2, 0.16, 0.09, 0.07, 0.04]))
    if kind == 6:
        return random_colour(rng, value=(60.0, 170.0), saturation=(0.2, 0.6))
    return (usual[kind] * rng.uniform(0.75, 1.15)).astype(np.float32)


def wall_colour(rng: np.random.Generator) -> Float32[np.ndarray, " 3"]:
    """Plaster from white to beige and grey, or brick."""
    usual = np.array(
        [[225, 222, 214], [205, 190, 160], [190, 170, 125], [150, 148, 145], [150, 85, 65], [195, 150, 125]], np.float32
    )
    kind = int(rng.choice(6, p=[0.3, 0.22, 0.13, 0.15, 0.12, 0.08]))
    return (usual[kind] * rng.uniform(0.7, 1.08) * rng.uniform(0.96, 1.04, 3)).astype(np.float32)


def roof_page(rng: np.random.Generator) -> Page:
    """Rows of tiles."""
    rows = 0.14 * random_grid(rng, rows=32, columns=32) - 0.3 * _joints(rows=32, columns=32, width=2, shift=4)
    colour = random_colour(rng, value=(80.0, 150.0), saturation=(0.05, 0.2))
    if rng.random() < 0.6:
        colour = np.array([rng.uniform(110, 170), rng.uniform(60, 85), rng.uniform(45, 65)], np.float32)
    return colour_page(1 + rows + 0.12 * fractal_noise(rng), colour)


def cloth_page(rng: np.random.Generator) -> Page:
    """White cloth with folds and a print; the tint of the skin colours it."""
    folds = 0.9 + 0.14 * fractal_noise(rng, slope=1.1, lowest=2.0) + 0.14 * random_grid(rng, rows=8, columns=1)
    return colour_page(folds, np.full(3, 210, np.float32))


def wheel_page() -> Page:
    """A tyre with a hub in the middle of the tile."""
    page = np.full((SIZE, SIZE, 3), 32, np.uint8)
    cv2.circle(page, (128, 128), 46, (125, 125, 130), -1, cv2.LINE_AA)
    for angle in np.arange(5) * 2 * np.pi / 5:
        centre = (int(128 + 28 * np.cos(angle)), int(128 + 28 * np.sin(angle)))
        cv2.circle(page, centre, 9, (50, 50, 52), -1, cv2.LINE_AA)
    return page


def cloud_page(rng: np.random.Generator) -> GreyPage:
    """Cloud cover, 0 clear to 255 thick."""
    cover = rng.uniform(-1.2, 0.9) + fractal_noise(rng, slope=1.5, lowest=1.0, highest=60.0)
    return (127 + 110 * cover).clip(0, 255).astype(np.uint8)[:, :, None]


def _joints(*, rows: int, columns: int, width: int, shift: int) -> Float32[np.ndarray, "256 256"]:
    """1 on the joints of a grid, 0 elsewhere; every other row moved by `shift` pixels."""
    y, x = np.mgrid[:SIZE, :SIZE]
    row = y * rows // SIZE
    horizontal = y * rows % SIZE < width * rows
    vertical = (x + shift * (row % 2)) * columns % SIZE < width * columns
    return (horizontal | vertical).astype(np.float32)


def _specks(rng: np.random.Generator, *, share: float) -> Float32[np.ndarray, "256 256"]:
    """Bright and dark stones."""
    hit = rng.random((SIZE, SIZE), dtype=np.float32) < share
    return np.where(hit, rng.choice(np.array([-3, 3], np.float32), (SIZE, SIZE)), 0).astype(np.float32)
