"""The sky: a gradient with clouds on a plane far above."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from vection.data.synthetic.rendering.atlas import Atlas
from vection.data.synthetic.world import textures

Flat = Float32[np.ndarray, " count"]
Colours = Float32[np.ndarray, "count 3"]


@dataclass(frozen=True)
class Sky:
    """Colours of the zenith and the horizon, clouds."""

    zenith: Float32[np.ndarray, " 3"]
    horizon: Float32[np.ndarray, " 3"]
    cloud: Float32[np.ndarray, " 3"]
    clouds: Atlas


def make_sky(rng: np.random.Generator) -> Sky:
    """Draw the weather."""
    blue = rng.uniform(0.25, 1.0)
    grey = np.array([175.0, 180.0, 186.0]) * rng.uniform(0.85, 1.15)
    zenith = blue * np.array([95.0, 145.0, 210.0]) + (1 - blue) * grey
    horizon = 0.5 * zenith + 0.5 * np.array([225.0, 225.0, 222.0])
    cloud = np.full(3, rng.uniform(215, 250))
    return Sky(
        zenith.astype(np.float32),
        horizon.astype(np.float32),
        cloud.astype(np.float32),
        Atlas([textures.cloud_page(rng)]),
    )


def bright_sky(rng: np.random.Generator, *, clear: bool) -> Sky:
    """Draw an overexposed sky: white at the horizon, pale blue above if `clear`."""
    blue = rng.uniform(0.0, 1.0) if clear else 0.0
    zenith = (1 - blue) * np.full(3, rng.uniform(235, 275)) + blue * np.array([110.0, 185.0, 262.0])
    horizon = np.full(3, rng.uniform(240, 290)) - blue * np.array([50.0, 15.0, 0.0])
    cloud = np.full(3, rng.uniform(225, 280))
    clouds = Atlas([textures.cloud_page(rng)])
    return Sky(zenith.astype(np.float32), horizon.astype(np.float32), cloud.astype(np.float32), clouds)


def sky_colours(x: Flat, y: Flat, *, sky: Sky, rotation: Float64[np.ndarray, "3 3"]) -> Colours:
    """Gradient with the elevation; clouds on a plane far above."""
    directions = np.stack([x, y, np.ones_like(x)], axis=1) @ rotation.T.astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    up = np.maximum(-directions[:, 1], 0.0)
    colour = sky.horizon + np.minimum(up * 2.2, 1)[:, None] * (sky.zenith - sky.horizon)
    far = 1 / (up + 0.12)
    page = np.zeros(len(x), np.int32)
    cover = sky.clouds.sample(
        page, u=0.22 * directions[:, 0] * far, v=0.22 * directions[:, 2] * far, level=np.full(len(x), 1.0, np.float32)
    )
    return (colour + cover / 255 * (sky.cloud - colour)).astype(np.float32)
