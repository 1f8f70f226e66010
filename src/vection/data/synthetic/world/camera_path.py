"""How the camera drives: distance along the road at each frame, and its exact pose."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from vection.data.synthetic.settings import DriveSettings
from vection.data.synthetic.world.road import CentreLine


@dataclass(frozen=True)
class Drive:
    """Distances at each frame and one frame more (the flow of the last frame needs it)."""

    seconds: Float64[np.ndarray, " times"]
    distance: Float64[np.ndarray, " times"]
    """Metres along the road; 0 at the first frame."""
    speed: Float64[np.ndarray, " times"]


def make_drive(rng: np.random.Generator, settings: DriveSettings) -> Drive:
    """Draw a speed profile: cruising with slow changes, and a halt if the settings want one."""
    count = settings.frames + 1
    seconds = np.arange(count) / settings.frame_rate
    cruise = rng.uniform(*settings.speed)
    speed = cruise * (1 + 0.12 * np.sin(2 * np.pi * (seconds / rng.uniform(5, 12) + rng.random())))
    if settings.standing_frames:
        first = max(0, (settings.frames - settings.standing_frames) // 2)
        away = np.maximum(first - np.arange(count), np.arange(count) - (first + settings.standing_frames - 1))
        # speed[i] leads from frame i to i + 1; half a second to brake and to start
        speed = speed * np.clip(away / max(1.0, 0.5 * settings.frame_rate), 0, 1)
        if settings.standing_frames >= settings.frames:
            speed = np.zeros(count)
    distance = np.concatenate([[0.0], np.cumsum(speed[:-1])]) / settings.frame_rate
    return Drive(seconds, distance, speed)


def camera_poses(
    rng: np.random.Generator, settings: DriveSettings, *, line: CentreLine, drive: Drive, lane: float
) -> Float64[np.ndarray, "times 4 4"]:
    """Return T_camera_to_world for every frame: in the right lane, with shake that follows the distance."""
    s = drive.distance
    offset = 0.5 * lane + _waves(rng, s, amplitude=0.15 * settings.shake, periods=(15.0, 40.0))
    ground = line.poses(s, offset)
    yaw = ground[:, 2] + _waves(rng, s, amplitude=np.deg2rad(0.5) * settings.shake, periods=(6.0, 25.0))
    mean_pitch = rng.normal(0, np.deg2rad(0.4)) * settings.shake
    pitch = (
        np.deg2rad(settings.pitch)
        + mean_pitch
        + _waves(rng, s, amplitude=np.deg2rad(0.35) * settings.shake, periods=(4.0, 15.0))
    )
    roll = _waves(rng, s, amplitude=np.deg2rad(0.25) * settings.shake, periods=(5.0, 20.0))
    height = rng.uniform(*settings.camera_height) + _waves(
        rng, s, amplitude=0.015 * settings.shake, periods=(3.0, 12.0)
    )
    poses = np.tile(np.eye(4), (len(s), 1, 1))
    poses[:, :3, :3] = turn_y(yaw) @ _turn_x(pitch) @ _turn_z(roll)
    poses[:, :3, 3] = np.stack([ground[:, 0], -height, ground[:, 1]], axis=1)
    return poses


def _waves(
    rng: np.random.Generator, s: Float64[np.ndarray, " times"], *, amplitude: float, periods: tuple[float, float]
) -> Float64[np.ndarray, " times"]:
    """Three sines along the road, with wavelengths from `periods` (metres)."""
    total = np.zeros_like(s)
    for _ in range(3):
        total += np.sin(2 * np.pi * (s / rng.uniform(*periods) + rng.random()))
    return amplitude * total / np.sqrt(3)


def turn_y(angle: Float64[np.ndarray, " count"]) -> Float64[np.ndarray, "count 3 3"]:
    """Rotation that turns z towards x (a heading)."""
    return _rotation(angle, axes=(2, 0))


def _turn_x(angle: Float64[np.ndarray, " count"]) -> Float64[np.ndarray, "count 3 3"]:
    return _rotation(angle, axes=(1, 2))


def _turn_z(angle: Float64[np.ndarray, " count"]) -> Float64[np.ndarray, "count 3 3"]:
    return _rotation(angle, axes=(0, 1))


def _rotation(angle: Float64[np.ndarray, " count"], *, axes: tuple[int, int]) -> Float64[np.ndarray, "count 3 3"]:
    """Rotation that turns the first of `axes` towards the second."""
    first, second = axes
    matrix = np.tile(np.eye(3), (len(angle), 1, 1))
    matrix[:, first, first] = matrix[:, second, second] = np.cos(angle)
    matrix[:, second, first] = np.sin(angle)
    matrix[:, first, second] = -np.sin(angle)
    return matrix
