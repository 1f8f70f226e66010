"""Complete flow and motion mask of Dynamo-Depth: two decoders on one encoder of the frames around a target."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from vection.geometry.resizing import resize_like
from vection.geometry.rigid import motion_vector
from vection.geometry.views import SourceTransforms
from vection.networks.depth.decoder import WIDTHS, UNetDecoder
from vection.networks.motion.matching import Matches, match, match_between
from vection.samples import Batch
from vection.types import Image

MotionDecoderName = Literal["refinement", "u-net"]
"""The pyramid that refines the ego-motion, as the authors' code has it, or Monodepth2's decoder, as the paper says."""

MotionStart = Literal["random", "rigid", "still"]
"""What the refinement predicts at first: the ego-motion under random weights, as the authors' code, or everywhere the
camera's translation, or nothing (and a mask of 1/2), from which a short training need not find the way back."""

FACTOR = 0.01
"""Scale of the outputs: training starts near no motion, and near a mask of 1/2."""
EGO_FACTOR = 100.0
"""Scale of the ego-motion that the refinement starts from; undoes the factor of pose networks."""

EgoVector = Float[Tensor, "batch 6"]
"""Translation, then axis-angle, of the camera's step to the next frame, seen as a motion of points."""


class RefinementDecoder(nn.Module):
    """Refines the camera's motion, the same everywhere, to one a pixel: coarse to fine, each level adds a correction.

    It has no activation function, so it is linear in the features.
    """

    def __init__(
        self,
        channels: tuple[int, ...],
        *,
        images: int,
        outputs: int,
        scales: int,
        start: MotionStart = "random",
        factor: float = FACTOR,
    ) -> None:
        """`channels` are the encoder's, `images` as many as it sees; `scales` <= 5 outputs, finest first."""
        super().__init__()
        self.scales, self.factor = scales, factor
        self.seed = nn.Conv2d(6, outputs, 1)
        widths = [*reversed(channels), 3 * images]
        self.first = nn.ModuleList(nn.Conv2d(width + outputs, width, 3, padding=1) for width in widths)
        self.second = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in widths)
        self.corrections = nn.ModuleList(nn.Conv2d(2 * width, outputs, 1) for width in widths)
        if start != "random":
            for parameter in (*self.seed.parameters(), *self.corrections.parameters()):
                nn.init.zeros_(parameter)
            if start == "rigid" and outputs == 3:  # the translation comes first in the ego-motion
                self.seed.weight.data[:, :3, 0, 0] = torch.eye(3) / (factor * EGO_FACTOR)

    def forward(self, features: list[Tensor], images: Tensor, ego: EgoVector) -> list[Float[Tensor, "batch out _ _"]]:
        """`features` of the encoder at strides 2 to 32; `images` are those it saw, stacked along the channels."""
        with torch.autocast(images.device.type, enabled=False):
            field = self.seed(EGO_FACTOR * ego.float()[:, :, None, None])
        fields = []
        for level, feature in enumerate([*reversed(features), images]):
            field = resize_like(field, feature)
            once = self.first[level](torch.cat([field.to(feature.dtype), feature], dim=1))
            twice = self.second[level](once)
            # The field itself stays in float32: bfloat16 would round the small corrections away.
            field = field + self.corrections[level](torch.cat([once, twice], dim=1)).float()
            fields.append(field)
        return [self.factor * field for field in reversed(fields)][: self.scales]


class UNetMotionDecoder(UNetDecoder):
    """The decoder of Monodepth2 with other heads; does not look at the ego-motion."""

    def __init__(self, channels: tuple[int, ...], *, outputs: int, scales: int, factor: float = FACTOR) -> None:
        super().__init__(channels)
        self.factor = factor
        self.heads = nn.ModuleList(
            nn.Conv2d(WIDTHS[scale], outputs, 3, padding=1, padding_mode="reflect") for scale in range(scales)
        )

    def forward(self, features: list[Tensor], images: Tensor, ego: EgoVector) -> list[Float[Tensor, "batch out _ _"]]:
        """Return the fields as `RefinementDecoder.forward` does; only `features` are looked at."""
        del images, ego
        decoded = self.levels(features)
        return [self.factor * head(level).float() for head, level in zip(self.heads, decoded, strict=False)]


def build_motion_decoder(
    name: MotionDecoderName,
    channels: tuple[int, ...],
    *,
    images: int,
    outputs: int,
    scales: int,
    start: MotionStart = "random",
    factor: float = FACTOR,
) -> nn.Module:
    """Build a decoder of (features, images, ego-motion) to fields, finest first, at the size of the image halved each.

    3 outputs: the complete flow to the next frame, in the unit of the depth. 1 output: the logit of the motion mask.
    `factor` scales the outputs.
    """
    if name == "u-net":
        return UNetMotionDecoder(channels, outputs=outputs, scales=scales, factor=factor)
    return RefinementDecoder(channels, images=images, outputs=outputs, scales=scales, start=start, factor=factor)


@dataclass(frozen=True)
class Around:
    """A target between its nearest neighbours in time, and the times to its sources in units of the flow's time."""

    before: Image
    target: Image
    following: Image
    steps: Float[Tensor, "batch source"]
    even: Bool[Tensor, " batch"]
    """Whether `before` is a frame as far in the past as `following` is in the future."""

    def stacked(self, *, three: bool) -> Tensor:
        """All three frames in order, or the next one and the target, along the channels."""
        frames = [self.before, self.target, self.following] if three else [self.following, self.target]
        return torch.cat(frames, dim=1)

    def match(self, *, three: bool) -> Matches:
        """Return where the target's blocks are in the next frame; that before helps if it is one of `three`."""
        if not three:
            return match(self.target, self.following)
        return match_between(self.before, self.target, self.following, even=self.even)


def frames_around(batch: Batch, *, flow_seconds: float | None = None) -> Around:
    """Choose the frame before each target and the one after it; networks see jittered frames.

    Without a source in the future the nearest past one stands for the next, and so on. Times are in units of
    `flow_seconds`, or else of the time to the next frame.
    """
    ahead = batch.seconds > 0
    # The nearest in time has the greatest 1/t among those of its sign, and is greater than all of the other sign.
    closeness = torch.where(ahead, 1 / batch.seconds, batch.seconds)
    following = closeness.argmax(dim=1)
    before = torch.where(ahead, -batch.seconds, -1 / batch.seconds).argmax(dim=1)
    rows = torch.arange(len(batch), device=batch.seconds.device)
    ahead_by = batch.seconds[rows, following]
    steps = batch.seconds / (ahead_by[:, None] if flow_seconds is None else flow_seconds)
    sources = batch.sources_jittered
    even = are_even(batch.seconds[rows, before], ahead_by)
    return Around(sources[rows, before], batch.target_jittered, sources[rows, following], steps, even)


def are_even(before: Float[Tensor, " batch"], following: Float[Tensor, " batch"]) -> Bool[Tensor, " batch"]:
    """Return whether the frame before is as far in the past as the next one in the future; times are signed."""
    return (before / following + 1).abs() < 0.1


def mean_step(T_source_to_target: SourceTransforms, steps: Float[Tensor, "batch source"]) -> EgoVector:
    """Average the camera's step to the next frame over all sources; without gradient."""
    with torch.no_grad():
        vectors = motion_vector(T_source_to_target.flatten(0, 1)).unflatten(0, steps.shape)
        return -(vectors / steps[:, :, None]).mean(dim=1)
