"""Networks for the camera's motion between two frames: the pose decoder on encoder features, and PoseNet."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vection.types import Image, Vector3

POSE_FACTOR = 0.01
"""Scale of the rotation and translation outputs (Monodepth2, section 3.3): starts training near no motion."""


class PoseDecoder(nn.Module):
    """Axis-angle (radians) and translation from the last features of one two-image encoder, or of two images each.

    Monodepth2's published network predicts two poses and uses the first; so does this one, to load its weights.
    With `scaled` "at-start" the initial weights of the head are small, not its output (SGDepth as released).
    """

    def __init__(
        self, channels: int, *, images: int = 1, poses: int = 2, scaled: Literal["output", "at-start"] = "output"
    ) -> None:
        super().__init__()
        self.factor = POSE_FACTOR if scaled == "output" else 1.0
        self.squeeze = nn.Conv2d(channels, 256, 1)
        self.conv1 = nn.Conv2d(256 * images, 256, 3, padding=1)
        self.conv2 = nn.Conv2d(256, 256, 3, padding=1)
        self.head = nn.Conv2d(256, 6 * poses, 1)
        if scaled == "at-start":
            for parameter in self.head.parameters():
                parameter.data.mul_(POSE_FACTOR)

    def forward(self, features: list[Tensor]) -> tuple[Vector3, Vector3]:
        """Map the last feature of each image to (axis-angle, translation)."""
        pose = self.all_poses(features)[:, 0]
        return pose[:, :3], pose[:, 3:]

    def all_poses(self, features: list[Tensor]) -> Tensor:
        """Return every predicted pose, (batch, poses, 6): axis-angle, then translation."""
        x = torch.cat([functional.relu(self.squeeze(feature)) for feature in features], dim=1)
        x = functional.relu(self.conv2(functional.relu(self.conv1(x))))
        with torch.autocast(x.device.type, enabled=False):
            return self.factor * self.head(x.float()).mean(dim=(2, 3)).unflatten(1, (-1, 6))


class PoseNet(nn.Module):
    """Seven stride-2 convolutions on two stacked images, without batch norm (Zhou et al. 2017)."""

    def __init__(self) -> None:
        super().__init__()
        widths = (16, 32, 64, 128, 256, 256, 256)
        kernels = (7, 5, 3, 3, 3, 3, 3)
        inputs = (6, *widths[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, k, stride=2, padding=(k - 1) // 2) for i, o, k in zip(inputs, widths, kernels, strict=True)
        )
        self.head = nn.Conv2d(256, 6, 1)

    def forward(self, first: Image, second: Image) -> tuple[Vector3, Vector3]:
        """Return the first three and the last three of the six outputs: axis-angle and translation in Monodepth2."""
        return self.pose(self.feature(first, second))

    def feature(self, first: Image, second: Image) -> Tensor:
        """Return the last feature, (batch, 256, h, w)."""
        x = torch.cat([first, second], dim=1)
        for convolution in self.convolutions:
            x = functional.relu(convolution(x))
        return x

    def pose(self, feature: Tensor) -> tuple[Vector3, Vector3]:
        """Map the last feature to the two halves of the pose."""
        with torch.autocast(feature.device.type, enabled=False):
            pose = POSE_FACTOR * self.head(feature.float()).mean(dim=(2, 3))
        return pose[:, :3], pose[:, 3:]
