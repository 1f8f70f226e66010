"""The camera's motion between two frames: one interface for the three pose networks of Monodepth2."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from vection.geometry.rigid import invert, transform_from_axis_angle
from vection.geometry.views import SourceTransforms
from vection.networks.encoders.build import build_encoder
from vection.networks.encoders.encoder import EncoderName, Normalisation
from vection.networks.motion.pose import PoseDecoder, PoseNet
from vection.samples import Batch
from vection.types import Depth, Image, Transform

EgoMotionName = Literal["separate", "shared", "posenet"]
"""The pose networks of Monodepth2 (supplement, table 5): an encoder of their own, the depth encoder, or PoseNet."""


@dataclass(frozen=True)
class PairMotion:
    """What a pose network says of two frames."""

    T_first_to_second: Transform
    feature: Tensor
    """The network's last feature, (batch, feature_channels, h, w), from which a camera can be predicted as well."""


class EgoMotion(nn.Module, ABC):
    """A pose network: from two frames in the order of time to T_first_to_second."""

    feature_channels: int

    needs_features: bool = False
    """Whether `forward` reads the depth encoder's last features of both frames."""

    @abstractmethod
    def forward(
        self, first: Image, second: Image, *, features: tuple[Tensor, Tensor] | None, depth: Depth
    ) -> PairMotion:
        """`features`: last depth-encoder features of both frames; `depth`: of one of them, to scale by."""


class SeparateEgoMotion(EgoMotion):
    """A second encoder on both frames stacked (the paper's default); SGDepth's code differs in the keywords."""

    def __init__(
        self,
        encoder: EncoderName,
        *,
        pretrained: bool,
        normalisation: Normalisation = "monodepth2",
        poses: int = 2,
        scaled: Literal["output", "at-start"] = "output",
    ) -> None:
        super().__init__()
        self.encoder = build_encoder(encoder, images=2, pretrained=pretrained, normalisation=normalisation)
        self.feature_channels = self.encoder.channels[-1]
        self.decoder = PoseDecoder(self.feature_channels, poses=poses, scaled=scaled)

    def forward(
        self, first: Image, second: Image, *, features: tuple[Tensor, Tensor] | None, depth: Depth
    ) -> PairMotion:
        del features, depth
        feature = self.encoder(torch.cat([first, second], dim=1))[-1]
        axis_angle, translation = self.decoder([feature])
        return PairMotion(transform_from_axis_angle(axis_angle, translation), feature)


class SharedEgoMotion(EgoMotion):
    """A decoder on the depth encoder's features of both frames."""

    needs_features = True

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.feature_channels = 2 * channels
        self.decoder = PoseDecoder(channels, images=2)

    def forward(
        self, first: Image, second: Image, *, features: tuple[Tensor, Tensor] | None, depth: Depth
    ) -> PairMotion:
        del first, second, depth
        if features is None:
            raise ValueError("the shared pose network needs the depth encoder's features of both frames")
        axis_angle, translation = self.decoder(list(features))
        return PairMotion(transform_from_axis_angle(axis_angle, translation), torch.cat(features, dim=1))


class PoseNetEgoMotion(EgoMotion):
    """PoseNet; the released code multiplies its translation by the mean inverse depth, so that both share one scale."""

    def __init__(self) -> None:
        super().__init__()
        self.network = PoseNet()
        self.feature_channels = self.network.head.in_channels

    def forward(
        self, first: Image, second: Image, *, features: tuple[Tensor, Tensor] | None, depth: Depth
    ) -> PairMotion:
        del features
        feature = self.network.feature(first, second)
        axis_angle, translation = self.network.pose(feature)
        scaled = translation * (1 / depth).mean(dim=(2, 3))
        return PairMotion(transform_from_axis_angle(axis_angle, scaled), feature)


def build_ego_motion(name: EgoMotionName, *, encoder: EncoderName, channels: int, pretrained: bool) -> EgoMotion:
    """Build a pose network; `channels` are those of the depth encoder's last feature."""
    if name == "separate":
        return SeparateEgoMotion(encoder, pretrained=pretrained)
    return SharedEgoMotion(channels) if name == "shared" else PoseNetEgoMotion()


def source_transforms(
    network: EgoMotion, batch: Batch, *, depth: Depth, features: tuple[Tensor, Tensor] | None = None
) -> tuple[SourceTransforms, Tensor]:
    """T_target_to_source of every source in one batch, and the network's last feature of each pair.

    The network always sees a pair in the order of time. `depth` and `features[0]` are the targets', `features[1]` the
    sources', (batch * source, ..).
    """
    count = batch.sources.shape[1]
    past = (batch.seconds < 0).flatten()[:, None, None]
    target = batch.target_jittered.repeat_interleave(count, dim=0)
    first, second = _in_order(target, batch.sources_jittered.flatten(0, 1), past[..., None])
    if features is not None:
        of_target, of_sources = features
        features = _in_order(of_target.repeat_interleave(count, dim=0), of_sources, past[..., None])
    pair = network(first, second, features=features, depth=depth.repeat_interleave(count, dim=0))
    T_target_to_source = torch.where(past, invert(pair.T_first_to_second), pair.T_first_to_second)
    return T_target_to_source.unflatten(0, (-1, count)), pair.feature


def _in_order(target: Tensor, source: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
    return torch.where(past, source, target), torch.where(past, target, source)
