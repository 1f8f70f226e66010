"""House fronts and car paint: pages with a drawing of their own."""

import cv2
import numpy as np
from jaxtyping import Float32

from vection.data.synthetic.world.noise import SIZE
from vection.data.synthetic.world.textures import Page, random_colour

Canvas = Float32[np.ndarray, "256 256 3"]
"""A page that is being painted, 0..255, not yet clipped."""
Rectangle = tuple[float | int, ...]
"""Left, top, right, bottom in pixels of a page."""

# Regions of a car page: left, top, right, bottom, in tiles
BODY_SIDE = (0.0, 0.0, 1.0, 0.31)
BODY_FRONT = (0.0, 0.32, 0.48, 0.54)
BODY_REAR = (0.52, 0.32, 1.0, 0.54)
CABIN_SIDE = (0.0, 0.56, 1.0, 0.69)
WINDSCREEN = (0.0, 0.71, 0.48, 0.85)
REAR_WINDOW = (0.52, 0.71, 1.0, 0.85)
BODY_TOP = (0.0, 0.87, 1.0, 0.99)


def facade_page(
    rng: np.random.Generator,
    *,
    width: float,
    height: float,
    noise: Float32[np.ndarray, "256 256"],
    wall: Float32[np.ndarray, " 3"] | None = None,
) -> Page:
    """A house front of the given size in metres: wall, cornices, windows, door or shop; `noise` makes it uneven."""
    wall_given = wall is not None
    if wall is None:
        wall = random_colour(rng, value=(110.0, 225.0), saturation=(0.02, 0.24))
    canvas = (1 + (0.03 if wall_given else 0.08) * noise)[:, :, None] * wall
    floors = max(1, round(height / rng.uniform(2.7, 3.4)))
    columns = max(1, round(width / rng.uniform(1.7, 3.2)))
    storey, bay = SIZE / floors, SIZE / columns
    _cornices(rng, canvas, storey=storey, wall=wall)
    share_x, share_y = rng.uniform(0.35, 0.68), rng.uniform(0.42, 0.66)
    frame = tuple(float(value) for value in random_colour(rng, value=(60.0, 250.0), saturation=(0.0, 0.2)))
    shutters = random_colour(rng, value=(50.0, 140.0), saturation=(0.2, 0.6)) if rng.random() < 0.3 else None
    if wall_given and shutters is not None:
        shutters = shutters.mean() * np.array([0.95, 1.0, 0.8], np.float32)
    shop = rng.random() < 0.35
    for floor in range(floors):
        ground_floor = floor == floors - 1
        for column in range(columns):
            if rng.random() < 0.06:
                continue
            wide = share_x * bay if not (ground_floor and shop) else 0.84 * bay
            tall = share_y * storey if not (ground_floor and shop) else 0.72 * storey
            left, top = (column + 0.5) * bay - wide / 2, (floor + 0.52) * storey - tall / 2
            _window(rng, canvas, rectangle=(left, top, left + wide, top + tall), frame=frame)
            if shutters is not None and not ground_floor:
                for x in (left - 0.22 * wide, left + wide + 0.02 * wide):
                    _fill(canvas, (x, top, x + 0.2 * wide, top + tall), shutters)
    _door(
        rng,
        canvas,
        natural=wall_given,
        place=float(rng.integers(columns) + 0.5) * bay,
        metres=(SIZE / width, SIZE / height),
    )
    return canvas.clip(0, 255).astype(np.uint8)


def _fill(canvas: Canvas, rectangle: Rectangle, colour: Float32[np.ndarray, " 3"] | tuple[float, ...]) -> None:
    left, top, right, bottom = (max(0, round(edge)) for edge in rectangle)
    canvas[top:bottom, left:right] = colour


def _cornices(rng: np.random.Generator, canvas: Canvas, *, storey: float, wall: Float32[np.ndarray, " 3"]) -> None:
    plinth = wall * rng.uniform(0.45, 0.8)
    canvas[round(SIZE - rng.uniform(0.15, 0.35) * storey) :] *= plinth / wall
    if rng.random() < 0.6:
        for y in np.arange(storey, SIZE - 1, storey):
            _fill(canvas, (0, y - 2, SIZE, y + 2), wall * rng.uniform(0.6, 1.25))
    _fill(canvas, (0, 0, SIZE, rng.uniform(3, 9)), wall * rng.uniform(0.5, 1.2))
    for x in (0, SIZE - 4):
        _fill(canvas, (x, 0, x + 4, SIZE), wall * rng.uniform(0.7, 1.15))


def _window(rng: np.random.Generator, canvas: Canvas, *, rectangle: Rectangle, frame: tuple[float, ...]) -> None:
    left, top, right, bottom = rectangle
    _fill(canvas, (left - 2, top - 2, right + 2, bottom + 2), frame)
    glass = np.array([40, 48, 58], np.float32) * rng.uniform(0.5, 1.9)
    _fill(canvas, (left, top, right, bottom), glass)
    _fill(canvas, (left, top, right, top + rng.uniform(0.1, 0.5) * (bottom - top)), glass * rng.uniform(1.1, 2.4))
    if rng.random() < 0.4:
        curtain = rng.uniform(0.15, 0.4) * (right - left)
        _fill(canvas, (left, top, left + curtain, bottom), (175.0, 170.0, 160.0))
    _fill(canvas, ((left + right) / 2 - 1, top, (left + right) / 2 + 1, bottom), frame)
    _fill(canvas, (left - 3, bottom + 2, right + 3, bottom + 5), (70.0, 70.0, 70.0))


def _door(
    rng: np.random.Generator, canvas: Canvas, *, place: float, metres: tuple[float, float], natural: bool
) -> None:
    colour = random_colour(rng, value=(40.0, 150.0), saturation=(0.1, 0.7))
    if natural:
        colour = colour.mean() * np.array([1.1, 0.95, 0.85], np.float32)
    half, tall = 0.6 * metres[0], 2.3 * metres[1]
    _fill(canvas, (place - half - 3, SIZE - tall - 3, place + half + 3, SIZE), (200.0, 195.0, 185.0))
    _fill(canvas, (place - half, SIZE - tall, place + half, SIZE), colour)
    _fill(canvas, (place - 0.5 * half, SIZE - 0.9 * tall, place + 0.5 * half, SIZE - 0.6 * tall), colour * 0.5)


def car_page(
    rng: np.random.Generator,
    *,
    noise: Float32[np.ndarray, "256 256"],
    paint: Float32[np.ndarray, " 3"] | None = None,
) -> Page:
    """Everything of one car, in `paint` or any colour: see the regions above."""
    value, saturation = ((50.0, 190.0), (0.3, 0.75)) if rng.random() < 0.4 else ((35.0, 235.0), (0.0, 0.08))
    grain = 0.05 if paint is None else 0.01
    if paint is None:
        paint = random_colour(rng, value=value, saturation=saturation)
    canvas = np.ascontiguousarray((1 + grain * noise)[:, :, None] * paint)
    rows = np.linspace(1.15, 0.7, 80, dtype=np.float32)
    canvas[:80] *= rows[:, None, None]
    for x in rng.uniform(-6, 6) + np.array([92.0, 150.0, 196.0]):
        _fill(canvas, (x, 4, x + 2, 62), paint * 0.35)
        _fill(canvas, (x - 14, 18, x - 5, 22), paint * 0.4)
    _fill(canvas, (0, 44, SIZE, 48), paint * rng.uniform(0.4, 0.8))
    _fill(canvas, (0, 68, SIZE, 80), (38.0, 38.0, 40.0))
    for x in (50, 206):
        cv2.circle(canvas[:80], (x, 74), 23, (22.0, 22.0, 24.0), -1)
    _front(canvas, left=0, paint=paint)
    _rear(rng, canvas, left=133)
    _glass(rng, canvas)
    _fill(canvas, (118, 223, 122, 254), paint * 0.6)
    return canvas.clip(0, 255).astype(np.uint8)


def _front(canvas: Canvas, *, left: int, paint: Float32[np.ndarray, " 3"]) -> None:
    _fill(canvas, (left + 36, 92, left + 88, 108), (28.0, 28.0, 30.0))
    for x in (left + 4, left + 94):
        _fill(canvas, (x, 90, x + 26, 104), (235.0, 235.0, 225.0))
    _fill(canvas, (left, 114, left + 124, 117), paint * 0.5)
    _fill(canvas, (left + 44, 112, left + 80, 122), (235.0, 235.0, 235.0))
    _fill(canvas, (left, 126, left + 124, 139), (36.0, 36.0, 38.0))


def _rear(rng: np.random.Generator, canvas: Canvas, *, left: int) -> None:
    tall = int(rng.integers(9, 20))
    for x in (left + 2, left + 98):
        _fill(canvas, (x, 90, x + 24, 90 + tall), (190.0, 22.0, 18.0))
        _fill(canvas, (x + 6, 93, x + 14, 90 + tall - 4), (235.0, 120.0, 60.0))
    _fill(canvas, (left + 40, 100, left + 84, 112), (235.0, 230.0, 205.0))
    _fill(canvas, (left + 46, 104, left + 78, 108), (50.0, 50.0, 60.0))
    _fill(canvas, (left, 118, left + 124, 121), (45.0, 45.0, 48.0))
    _fill(canvas, (left, 126, left + 124, 139), (36.0, 36.0, 38.0))


def _glass(rng: np.random.Generator, canvas: Canvas) -> None:
    """Windows with pillars left in the paint; a bright slanted band stands for the reflected sky."""
    dark = np.array([38.0, 46.0, 54.0], np.float32) * rng.uniform(0.7, 1.5)
    pillar = rng.uniform(108, 140)
    for left, right in ((12, pillar - 4), (pillar + 4, 242)):
        _fill(canvas, (left, 147, right, 174), dark)
        _fill(canvas, (left + 8, 147, left + 0.35 * (right - left), 160), dark * 2.2)
    for left in (0, 133):
        _fill(canvas, (left + 7, 185, left + 116, 215), dark)
        _fill(canvas, (left + 7, 185, left + 116, 192), dark * 2.4)
        _fill(canvas, (left + 24, 196, left + 44, 215), dark * 0.5)
        _fill(canvas, (left + 78, 196, left + 98, 215), dark * 0.5)
