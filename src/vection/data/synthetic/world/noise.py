"""Tileable noise: the material of every texture."""

import cv2
import numpy as np
from jaxtyping import Float32

SIZE = 256
"""Pixels along each side of a texture tile."""


def fractal_noise(
    rng: np.random.Generator, *, slope: float = 1.0, lowest: float = 1.0, highest: float = 128.0
) -> Float32[np.ndarray, "256 256"]:
    """Noise of amplitude spectrum 1 / frequency^slope between two frequencies (cycles a tile); mean 0, deviation 1."""
    spectrum = np.fft.rfft2(rng.standard_normal((SIZE, SIZE), dtype=np.float32))
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None]) * SIZE
    band = (frequency >= lowest) & (frequency <= highest)
    amplitude = np.where(band, np.maximum(frequency, 1.0) ** -slope, 0.0)
    noise = np.fft.irfft2(spectrum * amplitude, s=(SIZE, SIZE))
    return (noise / noise.std()).clip(-2.5, 2.5).astype(np.float32)


def shuffled(rng: np.random.Generator, tile: Float32[np.ndarray, "256 256"]) -> Float32[np.ndarray, "256 256"]:
    """Shift, mirror and turn a tile at random: far cheaper than new noise, and not recognised."""
    moved = np.roll(tile, tuple(int(shift) for shift in rng.integers(SIZE, size=2)), axis=(0, 1))
    return np.rot90(moved if rng.random() < 0.5 else moved[:, ::-1], int(rng.integers(4)))


def random_grid(rng: np.random.Generator, *, rows: int, columns: int) -> Float32[np.ndarray, "256 256"]:
    """A tile of `rows` x `columns` rectangles, each of its own value; mean 0, deviation about 1."""
    values = rng.standard_normal((rows, columns), dtype=np.float32).clip(-2, 2)
    return cv2.resize(values, (SIZE, SIZE), interpolation=cv2.INTER_NEAREST).astype(np.float32)
