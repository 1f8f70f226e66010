"""Air and lens: fog by depth, and what a cheap camera makes of the light."""

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32

from vection.arrays import RgbImage
from vection.data.synthetic.frames import RenderedFrame
from vection.data.synthetic.settings import DriveSettings


class Haze:
    """Contrast that falls with depth towards the colour of the air."""

    def __init__(self, *, seed: int) -> None:
        rng = np.random.default_rng([seed, 5])
        self._reach = np.exp(rng.uniform(np.log(35), np.log(220)))
        self._air = (rng.uniform(150, 245) * rng.uniform(0.95, 1.05, 3)).astype(np.float32)

    def __call__(self, frame: RenderedFrame, number: int) -> RenderedFrame:  # noqa: ARG002 - the same in every frame
        depth = np.where(np.isfinite(frame.depth), frame.depth, 1e4)
        clear = np.exp(-depth / self._reach).astype(np.float32)[:, :, None]
        right = frame.stereo_image
        return replace(
            frame,
            image=self._veil(frame.image, clear),
            stereo_image=None if right is None else self._veil(right, clear),
        )

    def _veil(self, image: RgbImage, clear: Float32[np.ndarray, "height width 1"]) -> RgbImage:
        return (self._air + clear * (image - self._air)).clip(0, 255).astype(np.uint8)


class Lens:
    """Automatic exposure, tone curve, colour cast, vignetting, blur, noise and JPEG, drawn for the whole drive."""

    def __init__(self, settings: DriveSettings, *, seed: int) -> None:
        rng = np.random.default_rng([seed, 6])
        strength = settings.lens
        self._seed = seed
        self._target = 102 * np.exp(strength * rng.normal(0, 0.3))
        self._adapts = 0.0 if settings.night else rng.uniform(0.4, 0.9)
        self._cast = (1 + strength * rng.normal(0, 0.05, 3)).astype(np.float32)
        self._gamma = float(np.exp(strength * rng.normal(0, 0.2)))
        self._contrast = strength * rng.uniform(0, 1.2)
        self._saturation = 1 + strength * rng.uniform(-0.45, 0.35)
        self._blur = strength * rng.uniform(0, 0.8) if rng.random() < 0.6 else 0.0
        self._noise = strength * rng.uniform(0, 5.0)
        self._quality = int(100 - strength * rng.uniform(0, 45))
        x = np.linspace(-1, 1, settings.width)[None] ** 2 + np.linspace(-1, 1, settings.height)[:, None] ** 2
        self._corners = (1 - strength * rng.uniform(0, 0.22) * x).astype(np.float32)[:, :, None]

    def __call__(self, frame: RenderedFrame, number: int) -> RenderedFrame:
        right = frame.stereo_image
        return replace(
            frame,
            image=self._expose(frame.image, number),
            stereo_image=None if right is None else self._expose(right, -1 - number),
        )

    def _expose(self, image: RgbImage, number: int) -> RgbImage:
        rng = np.random.default_rng([self._seed, 7, number + 2**20])
        light = image.astype(np.float32) * self._corners * self._cast
        light *= np.float32(np.clip((self._target / max(float(light.mean()), 5.0)) ** self._adapts, 0.4, 2.6))
        grey = light.mean(axis=2, keepdims=True)
        light = np.clip((grey + self._saturation * (light - grey)) / 255, 0, 1) ** np.float32(self._gamma)
        # smoothstep is the usual S of a tone curve
        light += self._contrast * (light * light * (3 - 2 * light) - light)
        if self._blur > 0.2:
            light = cv2.GaussianBlur(light, (0, 0), self._blur)
        colour = cv2.GaussianBlur(rng.standard_normal(image.shape, dtype=np.float32), (0, 0), 0.7)
        light = 255 * light + self._noise * (
            0.5 * rng.standard_normal((*image.shape[:2], 1), dtype=np.float32) + colour
        )
        done, stored = cv2.imencode(
            ".jpg", light[:, :, ::-1].clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, self._quality]
        )
        picture = cv2.imdecode(stored, cv2.IMREAD_COLOR) if done else None
        return light.clip(0, 255).astype(np.uint8) if picture is None else np.ascontiguousarray(picture[:, :, ::-1])
