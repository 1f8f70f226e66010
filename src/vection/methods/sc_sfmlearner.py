"""SC-SfMLearner: Bian et al., Unsupervised Scale-consistent Depth and Ego-motion Learning, NeurIPS 2019."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from vection.geometry.camera import disparity_to_depth
from vection.geometry.resizing import nearest_like
from vection.geometry.rigid import invert
from vection.geometry.views import Views
from vection.losses.geometry_consistency import consistency_weight
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.methods.method import FrameTimes, Method, Motion, Observation, Progress
from vection.methods.sc_sfmlearner_settings import ScSfmLearnerSettings
from vection.methods.steps.measured_motion import check_measured, compare_with_measured
from vection.methods.steps.observation import next_source, rigid_flow
from vection.methods.steps.pair_comparison import DepthView, PairMaps, compare, losses_of_pairs
from vection.networks.cameras import Cameras
from vection.networks.depth.build import build_disparity_network
from vection.networks.motion.ego_motion import PairMotion
from vection.networks.motion.euler_motion import EulerMotion
from vection.samples import Batch
from vection.types import Depth, Disparity, Image, Intrinsics, Mask, Scalar

__all__ = ["ScSfmLearner", "ScSfmLearnerSettings"]

FrameDepths = list[Float[Tensor, "frame 1 _ _"]]
"""Depths of all frames at every scale, finest first: of each sample the target, then its sources."""
PairTransforms = Float[Tensor, "pair 4 4"]
"""T_first_to_second of the pairs of `both_directions`."""


@dataclass(frozen=True)
class PairLosses:
    """Losses of every pair of frames of `both_directions`, summed over scales."""

    photometric: Float[Tensor, " pair"]
    geometry: Float[Tensor, " pair"]
    finest: PairMaps


def both_directions(target: Tensor, sources: Tensor) -> tuple[Tensor, Tensor]:
    """First and second frames of the pairs (target, each source), then (each source, target), of every sample.

    (batch ...) and (batch source ...) to two of (batch * 2 source ...).
    """
    repeated = target[:, None].expand_as(sources)
    first, second = torch.cat([repeated, sources], dim=1), torch.cat([sources, repeated], dim=1)
    return first.flatten(0, 1), second.flatten(0, 1)


def compare_frames(
    depths: FrameDepths,
    views: Views,
    transforms: PairTransforms,
    *,
    settings: ScSfmLearnerSettings,
    levels: list[Views] | None = None,
    usable: Mask | None = None,
) -> PairLosses:
    """Compare every target with its sources and back, at every scale (section 4.1).

    `views` hold normalised images. `levels` are what images are compared at, scale by scale; made of `views` if not
    given.
    """
    if levels is None:
        levels = views.pyramid(len(depths)) if settings.released.multi_scale == "per-scale" else [views] * len(depths)
    pairs = 2 * views.sources.shape[1]
    photometric, geometry, maps = [], [], []
    for depth, level in zip(depths, levels, strict=True):
        frames = nearest_like(depth, level.target).unflatten(0, (len(level.target), -1))
        images = both_directions(level.target, level.sources)
        depth_maps = both_directions(frames[:, 0], frames[:, 1:])
        cameras = both_directions(level.intrinsics, level.source_intrinsics)
        first, second = (
            DepthView(image, depth_map, K) for image, depth_map, K in zip(images, depth_maps, cameras, strict=True)
        )
        maps.append(compare(first, second, transforms, comparison=settings.comparison))
        counted = None if usable is None else nearest_like(usable.float(), level.target) > 0
        of_pairs = losses_of_pairs(maps[-1], pairs=pairs, comparison=settings.comparison, usable=counted)
        photometric.append(of_pairs[0])
        geometry.append(of_pairs[1])
    return PairLosses(torch.stack(photometric).sum(dim=0), torch.stack(geometry).sum(dim=0), maps[0])


def smoothness_of_frames(depth: Depth, views: Views, *, settings: ScSfmLearnerSettings) -> Scalar:
    """Smoothness loss (eq. 4), summed over the target and its sources; `depth` is that of all frames, in full size."""
    frames = torch.cat([views.target[:, None], views.sources], dim=1)
    values = depth if settings.released.smooth_depth == "raw" else normalise_by_mean(depth)
    squared = settings.released.smoothness == "squared"
    return frames.shape[1] * edge_aware_smoothness_loss(values, frames.flatten(0, 1), squared=squared)


class ScSfmLearner(Method):
    """Depth and pose networks that must agree with themselves in both directions."""

    settings: ScSfmLearnerSettings
    cameras: Cameras
    pictures = (
        *("target", "synthesised-target", "depth"),
        *("photometric-error", "self-discovered-mask", "rigid-flow"),
    )

    def __init__(self, settings: ScSfmLearnerSettings) -> None:
        super().__init__(settings)
        check_measured(settings, settings.short, intrinsics=settings.intrinsics)
        self.settings = settings
        self.depth_limits = (settings.min_depth, settings.max_depth)
        self.depth_network = build_disparity_network(
            settings.depth_network,
            scales=settings.scales,
            pretrained=settings.pretrained,
            upsampling=settings.released.upsampling,
        )
        self.ego_motion = EulerMotion(settings.ego_motion, pretrained=settings.pretrained)
        self.cameras = Cameras(settings.intrinsics, channels=self.ego_motion.feature_channels)

    def training_loss(self, batch: Batch, progress: Progress) -> dict[str, Scalar]:
        """L = alpha L_p^M + beta L_s + gamma L_GC (eq. 1), summed over sources, directions, scales; L_s over frames."""
        del progress
        settings = self.settings
        depths, views, transforms = self._predict(batch)
        taught: dict[str, Scalar] = {}
        if settings.short.measured:
            depth = depths[0].unflatten(0, (len(batch), -1))[:, 0]
            motion, taught = compare_with_measured(
                depth, batch, settings.short, limits=(settings.min_depth, settings.max_depth)
            )
            pairs, motion = transforms.unflatten(0, (len(batch), -1)), motion.both_ways()
            taught["measured_motion"] = motion.loss(pairs, settings.short)
            transforms = motion.instead_of(pairs).flatten(0, 1)
        losses = compare_frames(depths, views, transforms, settings=settings, usable=batch.usable)
        smoothness = smoothness_of_frames(depths[0], views, settings=settings)
        terms = {
            "photometric": settings.photometric_weight * losses.photometric.sum(),
            "smoothness": settings.smoothness_weight * smoothness,
            **taught,
        }
        if settings.geometry_weight > 0:
            terms["geometry_consistency"] = settings.geometry_weight * losses.geometry.sum()
        return terms

    def predict_depth(self, image: Image) -> Depth:
        """Depth of the image, from the finest output."""
        return self._depth(self.depth_network(image)[0])

    def predict_motion(
        self,
        first: Image,
        second: Image,
        *,
        before: Image | None = None,
        intrinsics: Intrinsics | None = None,
        seconds: FrameTimes | None = None,
    ) -> Motion:
        """Predict ego-motion alone: moving objects are only masked."""
        del before, intrinsics, seconds
        pair = self.ego_motion(first, second)
        return Motion(pair.T_first_to_second, intrinsics=self.cameras.of_pair(pair.feature, like=first))

    def observe(self, batch: Batch) -> Observation:
        """Show how the next frame predicts the target, the error where it counts, M there (Fig. 2), and the flow."""
        depths, views, transforms = self._predict(batch)
        maps = compare_frames(depths[:1], views, transforms, settings=self.settings).finest
        source, pairs = next_source(batch), 2 * views.sources.shape[1]
        rows, forth = slice(source, None, pairs), transforms.unflatten(0, (len(batch), -1))
        depth = depths[0].unflatten(0, (len(batch), -1))[:, 0]
        pictures = {
            "target": batch.target,
            "synthesised-target": self.settings.comparison.restore(maps.seen.image[rows]),
            "depth": depth,
            "photometric-error": (maps.error * maps.counted)[rows],
            "self-discovered-mask": (consistency_weight(maps.inconsistency) * maps.counted)[rows],
            "rigid-flow": rigid_flow(depth, views, forth, source=source),
        }
        return Observation(pictures)

    def _predict(self, batch: Batch) -> tuple[FrameDepths, Views, PairTransforms]:
        """Depths of all frames (target, then sources, of each sample), the frames, and the transforms of the pairs."""
        jittered = torch.cat([batch.target_jittered[:, None], batch.sources_jittered], dim=1)
        depths = [self._depth(disparity) for disparity in self.depth_network(jittered.flatten(0, 1))]
        pair = self._motions(batch)
        normalise = self.settings.comparison.normalise
        target_K, source_K = self.cameras(batch, pair.feature)
        views = Views(normalise(batch.target), normalise(batch.sources), target_K, source_K)
        return depths, views, pair.T_first_to_second

    def _motions(self, batch: Batch) -> PairMotion:
        """T_first_to_second of all pairs of `both_directions`."""
        if self.settings.short.motion_back == "second-pass":
            first, second = both_directions(batch.target_jittered, batch.sources_jittered)
            pairs: PairMotion = self.ego_motion(first, second)
            return pairs
        target = batch.target_jittered[:, None].expand_as(batch.sources_jittered).flatten(0, 1)
        source = batch.sources_jittered.flatten(0, 1)
        past = (batch.seconds < 0).flatten()[:, None, None]
        pair = self.ego_motion(
            torch.where(past[..., None], source, target), torch.where(past[..., None], target, source)
        )
        forth, back = pair.T_first_to_second, invert(pair.T_first_to_second)
        T_target_to_source, T_source_to_target = (
            torch.where(past, of_past, of_future).unflatten(0, (len(batch), -1))
            for of_past, of_future in ((back, forth), (forth, back))
        )
        return replace(pair, T_first_to_second=torch.cat([T_target_to_source, T_source_to_target], dim=1).flatten(0, 1))

    def _depth(self, disparity: Disparity) -> Depth:
        return disparity_to_depth(disparity, min_depth=self.settings.min_depth, max_depth=self.settings.max_depth)
