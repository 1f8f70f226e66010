"""What the camera and the car add to the picture: night, sensor noise, exposure jumps, the bonnet."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from vection.arrays import PixelMask, RgbImage
from vection.data.synthetic.frames import NO_CATEGORY, RenderedFrame
from vection.data.synthetic.rendering.lens import Haze, Lens
from vection.data.synthetic.settings import DriveSettings
from vection.data.synthetic.world.classes import SKY
from vection.data.synthetic.world.noise import fractal_noise

Effect = Callable[[RenderedFrame, int], RenderedFrame]


def make_effects(settings: DriveSettings, *, seed: int) -> list[Effect]:
    """Return what the settings ask for, in the order in which light meets it; each takes a frame and its number."""
    effects: list[Effect] = []
    if settings.light == "haze":
        effects.append(Haze(seed=seed))
    if settings.night:
        effects.append(_Night(settings, seed=seed))
    if settings.exposure_jumps > 0:
        effects.append(_Exposure(settings, seed=seed))
    if settings.bonnet:
        effects.append(_Bonnet(settings, seed=seed))
    if settings.lens > 0:
        effects.append(Lens(settings, seed=seed))
    return effects


def _rng(seed: int, *, purpose: int) -> np.random.Generator:
    """Return numbers of their own for each effect, so that an effect changes nothing else of the world."""
    return np.random.default_rng([seed, purpose])


class _Night:
    """Little ambient light, headlights that move with the camera, read and shot noise of its own in each frame."""

    def __init__(self, settings: DriveSettings, *, seed: int) -> None:
        rng = _rng(seed, purpose=1)
        self._seed = seed
        self._ambient = rng.uniform(0.13, 0.24) * np.array([0.85, 0.95, 1.2], np.float32)
        self._reach = rng.uniform(14, 24)
        self._noise = rng.uniform(3, 6)
        fx, fy, cx, cy = settings.camera
        x = (np.arange(settings.width) - cx) / fx
        y = (np.arange(settings.height) - cy) / fy
        cone = np.exp(-((x[None] / 0.55) ** 2) - ((y[:, None] - 0.12) / 0.2) ** 2)
        self._cone = cone.astype(np.float32)

    def __call__(self, frame: RenderedFrame, number: int) -> RenderedFrame:
        depth = frame.depth
        falloff = np.where(np.isfinite(depth), 2.0 / (1 + (np.minimum(depth, 1e4) / self._reach) ** 2), 0)
        warm = np.array([1.1, 1.0, 0.85], np.float32)
        light = self._ambient + (self._cone * falloff).astype(np.float32)[:, :, None] * warm
        light = np.where((frame.semantics == SKY)[:, :, None], 0.5 * self._ambient, light)
        image = self._expose(frame.image, light=light, number=number)
        right = frame.stereo_image
        if right is not None:
            right = self._expose(right, light=light, number=-1 - number)
        return replace(frame, image=image, stereo_image=right)

    def _expose(self, image: RgbImage, *, light: Float32[np.ndarray, "height width 3"], number: int) -> RgbImage:
        rng = np.random.default_rng([self._seed, 2, number + 2**20])
        dark = image * light
        grain = rng.standard_normal(image.shape, dtype=np.float32) * (self._noise + 0.35 * np.sqrt(dark))
        return (dark + grain).clip(0, 255).astype(np.uint8)


class _Exposure:
    """A gain that now and then jumps between frames."""

    def __init__(self, settings: DriveSettings, *, seed: int) -> None:
        rng = _rng(seed, purpose=3)
        jumps = rng.random(settings.frames) < settings.exposure_jumps
        values = rng.uniform(0.55, 1.6, settings.frames)
        last = np.maximum.accumulate(np.where(jumps, np.arange(settings.frames) + 1, 0))
        self._gain: Float64[np.ndarray, " frames"] = np.concatenate([[1.0], values])[last]

    def __call__(self, frame: RenderedFrame, number: int) -> RenderedFrame:
        right = frame.stereo_image
        return replace(
            frame,
            image=self._amplify(frame.image, number),
            stereo_image=None if right is None else self._amplify(right, number),
        )

    def _amplify(self, image: RgbImage, number: int) -> RgbImage:
        return (image * np.float32(self._gain[number])).clip(0, 255).astype(np.uint8)


class _Bonnet:
    """The own car at the bottom of the picture, with a still reflection."""

    def __init__(self, settings: DriveSettings, *, seed: int) -> None:
        rng = _rng(seed, purpose=4)
        width, height = settings.width, settings.height
        across = np.linspace(-1, 1, width)
        top = height * (1 - rng.uniform(0.12, 0.2) * (1 - rng.uniform(0.25, 0.6) * across**2))
        rows = np.arange(height)[:, None]
        self.mask: PixelMask = rows >= top
        paint = rng.uniform(30, 160) * rng.uniform(0.7, 1.1, 3)
        below = np.clip((rows - top) / (0.2 * height), 0, 1)
        shine = cv2.resize(fractal_noise(rng, slope=1.6), (width, height))
        bright = 1.25 - 0.7 * below + 0.08 * shine
        self._picture = (bright[:, :, None] * paint).clip(0, 255).astype(np.uint8)

    def __call__(self, frame: RenderedFrame, number: int) -> RenderedFrame:  # noqa: ARG002 - the same in every frame
        right = frame.stereo_image
        return replace(
            frame,
            image=self._cover(frame.image),
            stereo_image=None if right is None else self._cover(right),
            depth=np.where(self.mask, np.float32(np.inf), frame.depth),
            object_flow=np.where(self.mask, np.float32(0), frame.object_flow),
            category=np.where(self.mask, np.uint8(NO_CATEGORY), frame.category),
            semantics=np.where(self.mask, np.uint8(255), frame.semantics),
            instance=np.where(self.mask, np.int32(0), frame.instance),
            usable=frame.usable & ~self.mask,
        )

    def _cover(self, image: RgbImage) -> RgbImage:
        return np.where(self.mask[:, :, None], self._picture, image)
