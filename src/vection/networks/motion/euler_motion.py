"""The camera's motion as SC-SfMLearner predicts it: six numbers, translation first, then Euler angles."""

from typing import Literal

import torch
from torch import Tensor, nn

from vection.geometry.rigid import make_transform, rotation_from_euler
from vection.networks.depth.dispnet import start_uniformly
from vection.networks.encoders.build import build_encoder
from vection.networks.encoders.encoder import EncoderName
from vection.networks.motion.ego_motion import PairMotion
from vection.networks.motion.pose import PoseDecoder, PoseNet
from vection.types import Image, Transform

PoseNetworkName = Literal["posenet", "resnet18", "resnet34", "resnet50", "efficientnet-lite0"]
"""PoseNet, or the encoder of a pose decoder."""


class EulerMotion(nn.Module):
    """PoseNet (section 4.1), or an encoder over both images with a pose decoder (the released code).

    The pair may be in either order of time; the motion back is a second call, not an inverse.
    """

    def __init__(self, name: PoseNetworkName = "posenet", *, pretrained: bool = False) -> None:
        super().__init__()
        self.posenet: PoseNet | None = None
        if name == "posenet":
            self.posenet = PoseNet()
            self.posenet.apply(start_uniformly)
            self.feature_channels = self.posenet.head.in_channels
        else:
            self._add_encoder(name, pretrained=pretrained)

    def _add_encoder(self, name: EncoderName, *, pretrained: bool) -> None:
        self.encoder = build_encoder(name, images=2, pretrained=pretrained)
        self.feature_channels = self.encoder.channels[-1]
        self.decoder = PoseDecoder(self.feature_channels, poses=1)

    def forward(self, first: Image, second: Image) -> PairMotion:
        """Predict T_first_to_second, which maps points of the first camera to the second."""
        vector, feature = self.vector(first, second)
        return PairMotion(transform_from_vector(vector), feature)

    def vector(self, first: Image, second: Image) -> tuple[Tensor, Tensor]:
        """Return (batch, 6): translation and Euler angles (radians); and the last feature."""
        if self.posenet is not None:  # sees images in [-1, 1]
            feature = self.posenet.feature(2 * first - 1, 2 * second - 1)
            return torch.cat(self.posenet.pose(feature), dim=1), feature
        feature = self.encoder(torch.cat([first, second], dim=1))[-1]
        return self.decoder.all_poses([feature])[:, 0], feature


def transform_from_vector(vector: Tensor) -> Transform:
    """p -> R p + t of (batch, 6) = (t, Euler angles), R = Rx Ry Rz."""
    return make_transform(rotation_from_euler(vector[:, 3:]), vector[:, :3])
