"""Drives that differ in everything a street and its camera can differ in."""

import numpy as np

from vection.arrays import CameraNumbers
from vection.data.synthetic.settings import DriveSettings, Route

_PLACES: dict[str, float] = {"town": 0.2, "suburb": 0.25, "woods": 0.25, "open": 0.3}
_ROUTES: tuple[Route, ...] = ("any", "any", "straight", "turns")
_LIGHTS: dict[str, float] = {"sun": 0.6, "overcast": 0.22, "haze": 0.08, "even": 0.1}


def varied(seed: int, *, width: int, height: int, frames: int = 4) -> DriveSettings:
    """Draw every option of a drive from `seed`: place, light, colours, densities, camera, lens.

    Focal lengths lie between 0.5 and 1.1 of the width, frames 0.5 to 1 s apart, so that a few frames show much. Render
    the drive with the same or any other seed.

    >>> settings = varied(3, width=416, height=128)
    >>> settings.frames, settings == varied(3, width=416, height=128)
    (4, True)
    """
    rng = np.random.default_rng([seed, 13])
    low, night = rng.uniform(1.2, 2.1), bool(rng.random() < 0.02)
    return DriveSettings(
        width=width,
        height=height,
        frames=frames,
        frame_rate=rng.uniform(1.0, 2.0),
        intrinsics=_intrinsics(rng, width=width, height=height),
        route=_ROUTES[int(rng.integers(4))],
        speed=(3.0, 13.0),
        camera_height=(low, low + 0.1),
        shake=rng.uniform(0.3, 1.5),
        pitch=float(np.clip(rng.normal(0, 1.3), -4, 4)),
        lead_car=float(rng.random() < 0.5),
        lead_gap=(5.0, 35.0),
        lead_relative_speed=1.5,
        parked_cars=rng.uniform(0, 2),
        oncoming_cars=rng.uniform(0.05, 2),
        crossing_cars=rng.uniform(0, 2),
        pedestrians=rng.uniform(0, 1.5),
        place=_one_of(rng, _PLACES),
        palette="natural" if rng.random() < 0.85 else "vivid",
        trucks=rng.uniform(0, 0.15),
        fixtures=rng.uniform(0, 1.5),
        occluders=rng.uniform(0, 0.6),
        light="even" if night else _one_of(rng, _LIGHTS),
        lens=rng.uniform(0.2, 1.0),
        night=night,
    )


def _one_of(rng: np.random.Generator, shares: dict[str, float]) -> str:
    return list(shares)[int(rng.choice(len(shares), p=list(shares.values())))]


def _intrinsics(rng: np.random.Generator, *, width: int, height: int) -> CameraNumbers:
    fx = width * rng.uniform(0.5, 1.1)
    fy = fx * rng.uniform(0.97, 1.03)
    cx = (width - 1) / 2 + width * rng.uniform(-0.03, 0.03)
    cy = (height - 1) / 2 + height * rng.uniform(-0.08, 0.08)
    return fx, fy, cx, cy
