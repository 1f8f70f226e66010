"""The motion network of Li et al. 2020 (section 3.1): camera motion, and a translation of every pixel."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vection.geometry.camera import pixel_grid
from vection.geometry.warp import sample
from vection.networks.cameras import camera_matrices
from vection.networks.encoders.padding import Padding, StridedConvolution
from vection.types import Intrinsics, Points, Vector3

CHANNELS = (16, 32, 64, 128, 256, 512, 1024)
"""Channels of the seven halvings of the paper's motion network."""

FIRST_SCALE = 0.01
"""Learned factor of angles (radians) and translations at the start of training."""

LEAST_SCALE = 0.001
"""Least value of the learned factors of angles and translations."""


QUICK_SCALE = 0.01
"""Constant factor of outputs in a quick start: first translations are near 1e-3, angles a tenth of a degree."""

Upsampling = Literal["corners-aligned", "corners-not-aligned"]
"""Where a pixel of a larger field lies in the smaller one: corner on corner, or x * small / large (TensorFlow 1)."""

Start = Literal["released", "quick"]
"""Released: TensorFlow's default weights, which lose half of the signal's variance at each ReLU, so that the first
motions are near 1e-4, and factors that learn. Quick: He's weights, which keep it, and constant factors."""


@dataclass(frozen=True)
class PredictedMotion:
    """Motion from the first camera to the second: p -> R(angles) p + background + residual (eq. 1)."""

    angles: Vector3
    """Euler angles in radians, R = Rx Ry Rz."""
    background: Vector3
    """T_ego, in the second camera's coordinates."""
    residual: Points
    """T_obj of every pixel of the first image, in the second camera's coordinates."""
    feature: Float[Tensor, "batch channel 1 1"]
    """Mean of the network's last feature over the image, from which a camera can be predicted as well."""


class Refinement(nn.Module):
    """Enlarge the field to the size of a feature and add a correction that two branches of convolutions see there."""

    def __init__(self, channels: int, *, upsampling: Upsampling) -> None:
        super().__init__()
        width = max(4, channels)
        self.upsampling: Upsampling = upsampling
        self.short = _convolution(channels + 3, width)
        self.long1 = _convolution(channels + 3, width)
        self.long2 = _convolution(width, width)
        self.head = _convolution(2 * width, 3, kernel=1, bias=False)

    def forward(self, field: Tensor, feature: Tensor) -> Tensor:
        field = enlarge(field, height=feature.shape[-2], width=feature.shape[-1], upsampling=self.upsampling)
        x = torch.cat([field.to(feature.dtype), feature], dim=1)
        short = functional.relu(self.short(x))
        long = functional.relu(self.long2(functional.relu(self.long1(x))))
        with torch.autocast(x.device.type, enabled=False):
            correction: Tensor = self.head(torch.cat([short, long], dim=1).float())
            return field + correction


class MotionFieldNet(nn.Module):
    """Motion of one frame into another, from both frames (with their depths) stacked along the channels."""

    rotation_scale: Tensor
    translation_scale: Tensor

    def __init__(
        self,
        *,
        inputs: int = 8,
        channels: tuple[int, ...] = CHANNELS,
        padding: Padding = "symmetric",
        upsampling: Upsampling = "corners-aligned",
        start: Start = "released",
    ) -> None:
        """`inputs`: 8 for RGB and depth of two frames, 6 for RGB alone; `channels` of each halving."""
        super().__init__()
        self.convolutions = nn.ModuleList(
            _convolution(before, after, stride=2, padding=padding)
            for before, after in zip((inputs, *channels), channels, strict=False)
        )
        if start == "quick":
            for module in self.convolutions:
                nn.init.kaiming_normal_(module.get_parameter("weight"), nonlinearity="relu")
        self.background = _convolution(channels[-1], 6, kernel=1, bias=False)
        self.seed = _convolution(6, 3, kernel=1)
        self.refinements = nn.ModuleList(
            Refinement(width, upsampling=upsampling) for width in (*reversed(channels), inputs)
        )
        for name in ("rotation_scale", "translation_scale"):
            factor = torch.tensor(QUICK_SCALE if start == "quick" else FIRST_SCALE)
            if start == "quick":
                self.register_buffer(name, factor)
            else:
                self.register_parameter(name, nn.Parameter(factor))

    @property
    def feature_channels(self) -> int:
        """Channels of the last feature."""
        return self.background.in_channels

    def forward(self, first: Tensor, second: Tensor) -> PredictedMotion:
        """Each frame is (batch, inputs / 2, height, width): RGB in [0, 1], then depth."""
        x = torch.cat([first, second], dim=1)
        features = [x]
        for convolution in self.convolutions:
            x = functional.relu(convolution(x))
            features.append(x)
        rotation_scale, translation_scale = self._scales()
        with torch.autocast(x.device.type, enabled=False):
            pooled = x.float().mean(dim=(2, 3), keepdim=True)
            background = self.background(pooled)
            field = self.seed(background)
        for refinement, feature in zip(self.refinements, reversed(features), strict=True):
            field = refinement(field, feature)
        angles, translation = background[:, :, 0, 0].split(3, dim=1)
        angles, translation = rotation_scale * angles, translation_scale * translation
        return PredictedMotion(angles, translation, translation_scale * field, pooled)

    def _scales(self) -> tuple[Tensor, Tensor]:
        """The learned factors; one that the last update took below the least is put back there."""
        scales = (self.rotation_scale, self.translation_scale)
        if self.training:
            with torch.no_grad():
                for scale in scales:
                    scale.clamp_(min=LEAST_SCALE)
        return scales[0].clamp(min=LEAST_SCALE), scales[1].clamp(min=LEAST_SCALE)


def enlarge(field: Tensor, *, height: int, width: int, upsampling: Upsampling) -> Tensor:
    """Resize a field bilinearly to a larger (or equal) size."""
    if upsampling == "corners-aligned":
        return functional.interpolate(field, size=(height, width), mode="bilinear", align_corners=True)
    x, y = pixel_grid(height, width, like=field)
    x, y = x * (field.shape[-1] / width), y * (field.shape[-2] / height)
    pixels = torch.stack([x.expand(height, width), y.expand(height, width)], dim=-1)
    return sample(field, pixels.expand(len(field), -1, -1, -1))


def cameras_of_videos(factors: Float[Tensor, "video 4"], *, height: int, width: int) -> Intrinsics:
    """K from the released code's row of four variables a video, (1, 1, 1/2, 1/2) at first.

    fx, fy = factors * (height + width) / 2; cx, cy = factors * (width, height). `networks.cameras.LearnedCameras` takes
    the place of this table in training.
    """
    size = factors.new_tensor([width, height])
    return camera_matrices(factors[:, :2] * ((height + width) / 2), factors[:, 2:] * size)


def _convolution(
    inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, bias: bool = True, padding: Padding = "symmetric"
) -> StridedConvolution:
    convolution = StridedConvolution(inputs, outputs, kernel, stride=stride, bias=bias, padding=padding)
    nn.init.xavier_uniform_(convolution.weight)  # TensorFlow's defaults
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution
