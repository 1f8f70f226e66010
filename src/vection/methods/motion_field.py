"""Motion fields: Li et al., Unsupervised Monocular Depth Learning in Dynamic Scenes, CoRL 2020."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from vection.errors import UsageError
from vection.geometry.camera import backproject
from vection.geometry.flow import optical_flow
from vection.geometry.motion import Moved
from vection.geometry.pairs import Pairs, both_ways, by_sample, exchanged
from vection.geometry.rigid import make_transform, rotate_back, rotation_from_euler, transform_points
from vection.geometry.vector_fields import rms_length, standing_out, vector_length
from vection.losses.measured_motion import static_motion_loss
from vection.losses.motion_cycle import rotation_cycle_loss, translation_cycle_loss
from vection.losses.motion_regularisation import group_smoothness_loss, relative_motion, sparsity_loss
from vection.losses.rgbd_consistency import RgbdConsistency, rgbd_consistency
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.methods.method import FrameTimes, Method, Motion, Observation, Progress
from vection.methods.motion_field_settings import MotionFieldSettings
from vection.methods.steps.dynamic_classes import is_dynamic
from vection.methods.steps.measured_motion import check_measured, compare_with_measured, static_and_moving
from vection.methods.steps.observation import next_source
from vection.networks.cameras import Cameras
from vection.networks.depth.softplus_depth import SigmoidDepth, SoftplusDepth
from vection.networks.encoders.randomised_norm import noise_deviation
from vection.networks.motion.motion_field import MotionFieldNet
from vection.samples import Batch
from vection.types import Depth, Image, Intrinsics, Map, Scalar


def loss_terms(pairs: Pairs, settings: MotionFieldSettings) -> dict[str, Scalar]:
    """Weighted terms of section 3.2; each weight counts once a direction and half as much at each coarser scale."""
    level = pairs.in_mean_depths() if settings.released.scale_normalisation else pairs
    terms: dict[str, Scalar] = {}
    for scale in range(settings.scales):
        level = level.halved(exact_centres=settings.released.exact_centres) if scale > 0 else level
        for name, term in _terms(level, settings).items():
            terms[name] = terms.get(name, 0) + 2 * term / 2**scale
    return terms


def _terms(pairs: Pairs, settings: MotionFieldSettings) -> dict[str, Scalar]:
    """Means over both directions, weighted."""
    moved, seen = _compare(pairs, settings)
    translation, rotations = pairs.translation, (pairs.rotation, exchanged(pairs.rotation))
    fields = translation, exchanged(translation)
    cycle = translation_cycle_loss(
        *fields, rotations, moved=moved, visible=seen.visible, order=settings.released.cycle_order
    )
    motion = relative_motion(pairs.residual, translation)
    group_smoothness = group_smoothness_loss(motion, wrap_around=settings.released.wrap_around)
    depth_smoothness = edge_aware_smoothness_loss(normalise_by_mean(1 / pairs.depth), pairs.image)
    terms = {
        "colour": settings.colour_weight * seen.colour_loss,  # eq. 7
        "ssim": settings.ssim_weight * seen.ssim_loss,
        "depth_smoothness": settings.depth_smoothness_weight * depth_smoothness,  # eq. 5
        "rotation_cycle": settings.rotation_cycle_weight * rotation_cycle_loss(*rotations),  # eq. 6
        "translation_cycle": settings.translation_cycle_weight * cycle,
        "motion_smoothness": settings.motion_smoothness_weight * group_smoothness,  # eq. 2
        "motion_sparsity": settings.sparsity_weight * sparsity_loss(motion, settings.sparsity),  # eq. 3
    }
    if settings.depth_consistency_weight > 0:
        terms["depth_consistency"] = settings.depth_consistency_weight * seen.depth_loss
    return terms


def _compare(pairs: Pairs, settings: MotionFieldSettings) -> tuple[Moved, RgbdConsistency]:
    """Look for every pixel of each frame in the other one."""
    moved = pairs.moved()
    # The other frame's depth is what this one is compared with; it does not learn from that.
    image, depth, usable = exchanged(pairs.image), exchanged(pairs.depth).detach(), pairs.usable_in_both(moved)
    return moved, rgbd_consistency(
        pairs.image, moved, second_image=image, second_depth=depth, usable=usable, average=settings.short.average
    )


class MotionField(Method):
    """Depth of each frame, and camera motion and object motion of pairs, trained by predicting each of two frames."""

    residual_weight: Tensor
    """The burn-in's factor in the last step of training: predictions show as much object motion."""

    settings: MotionFieldSettings
    cameras: Cameras
    comparing = ("colour", "ssim")
    pictures = (
        *("target", "synthesised-target", "depth", "photometric-error", "visible", "rigid-flow"),
        *("complete-flow", "independent-flow", "translation-map", "object-translation-map"),
    )

    def __init__(self, settings: MotionFieldSettings) -> None:
        super().__init__(settings)
        check_measured(settings, settings.short, intrinsics=settings.intrinsics)
        self.settings = settings
        self.depth_network: SoftplusDepth | SigmoidDepth
        if settings.depth_network == "randomised-resnet18":
            self.depth_network = SoftplusDepth(padding=settings.released.padding, pretrained=settings.pretrained)
        else:
            self.depth_limits = limits = (settings.min_depth, settings.max_depth)
            # What keeps depth in the middle of its range would push it there at once, and often beyond.
            self.depth_network = SigmoidDepth(
                settings.depth_network, limits=limits, pretrained=settings.pretrained, central=settings.short.measured
            )
        inputs, channels = 8 if settings.depth_input else 6, settings.motion_channels
        self.motion_network = MotionFieldNet(
            inputs=inputs,
            channels=channels,
            padding=settings.released.padding,
            start=settings.short.motion_start,
        )
        self.cameras = Cameras(settings.intrinsics, channels=self.motion_network.feature_channels)
        self.register_buffer("residual_weight", torch.ones(()))

    def training_loss(self, batch: Batch, progress: Progress) -> dict[str, Scalar]:
        """L_reg,mot + L_reg,dep + L_cyc + L_rgb of the target with every source, both ways (section 3.2)."""
        pairs = self.predict_pairs(batch, progress)
        taught: dict[str, Scalar] = {}
        if self.settings.short.measured:
            pairs, taught = self._learn_measured(pairs, batch)
        terms = loss_terms(pairs, self.settings) | taught
        # A camera that is not finite would only make pixels invalid.
        return terms | {"colour": terms["colour"] + 0 * pairs.intrinsics.sum()}

    def predict_pairs(self, batch: Batch, progress: Progress) -> Pairs:
        """Predict depth and motion of the target (a) with every source (b), both ways."""
        (samples, count), usable = batch.sources.shape[:2], batch.usable
        weight = self.settings.burn_in_weight(progress)
        if self.training:
            self.residual_weight.fill_(weight)

        def paired(target: Tensor, sources: Tensor) -> Tensor:
            return both_ways(target.repeat_interleave(count, dim=0), sources.flatten(0, 1))

        noise = noise_deviation(progress.ramp(self.settings.noise_ramp))
        frames = torch.cat([batch.target_jittered, batch.sources_jittered.flatten(0, 1)])
        depth = self.depth_network(frames, noise=noise)
        depth = paired(depth[:samples], depth[samples:].unflatten(0, (samples, count)))
        frames = self._frames(paired(batch.target_jittered, batch.sources_jittered), depth)
        predicted = self.motion_network(frames, exchanged(frames))
        target_K, source_K = self.cameras(batch, by_sample(predicted.feature, samples))
        residual = weight * standing_out(predicted.residual, self.settings.released.auto_mask)
        if self.settings.object_masks:
            movable, movable_in_sources = self._movable(batch)
            residual = residual * paired(movable, movable_in_sources)
        pairs = Pairs(
            image=paired(batch.target, batch.sources),
            depth=depth,
            intrinsics=paired(target_K, source_K),
            rotation=rotation_from_euler(predicted.angles),
            background=predicted.background,
            residual=residual,
            usable=None if usable is None else paired(usable, usable[:, None].repeat_interleave(count, dim=1)),
        )
        if self.settings.short.inverse == "predicted":
            return pairs
        past = batch.seconds.flatten() < 0
        return pairs.with_inverse_motion(both_ways(past, ~past))

    def _learn_measured(self, pairs: Pairs, batch: Batch) -> tuple[Pairs, dict[str, Scalar]]:
        """Put measured camera motion in the place of the predicted one; objects move with respect to it."""
        (samples, count), short = batch.sources.shape[:2], self.settings.short
        of_targets = slice(0, samples * count)
        motion, terms = compare_with_measured(
            pairs.depth[of_targets][::count], batch, short, limits=(self.settings.min_depth, self.settings.max_depth)
        )
        motion, rows = motion.both_ways(), make_transform(pairs.rotation, pairs.background)
        predicted = by_sample(rows, samples).unflatten(0, (samples, 2 * count))
        terms["measured_motion"] = motion.loss(predicted, short)
        ego = motion.instead_of(predicted).unflatten(1, (2, count)).transpose(0, 1).flatten(0, 2)
        pairs = replace(pairs, rotation=ego[:, :3, :3], background=ego[:, :3, 3])
        objects = relative_motion(pairs.residual, pairs.translation)[of_targets]
        static = static_and_moving(batch)[0].repeat_interleave(count, dim=0)
        return pairs, terms | {"measured_static": short.measured_static_weight * static_motion_loss(objects, static)}

    def predict_depth(self, image: Image) -> Depth:
        """Depth of the image, z = log(1 + e^l) of the network's output l (section 3.1)."""
        return self.depth_network(image)

    def predict_motion(
        self,
        first: Image,
        second: Image,
        *,
        before: Image | None = None,
        intrinsics: Intrinsics | None = None,
        seconds: FrameTimes | None = None,
    ) -> Motion:
        """Predict R and T_ego, R^T T_obj, which is object motion along the first camera's axes, and what moves.

        `moving` is |T_obj| / (|T_obj| + RMS |T_obj + T_ego|): 0 where the auto-mask found no motion, 1/2 where an
        object is as fast as the whole scene is past the camera.
        """
        del before, intrinsics, seconds
        first_frame, second_frame = (self._frames(image, self.predict_depth(image)) for image in (first, second))
        motion = self.motion_network(first_frame, second_frame)
        rotation = rotation_from_euler(motion.angles)
        residual = self.residual_weight * standing_out(motion.residual, self.settings.released.auto_mask)
        speed = vector_length(residual)
        return Motion(
            ego=make_transform(rotation, motion.background),
            object_flow=rotate_back(residual, rotation),
            moving=speed / (speed + rms_length(residual + motion.background[:, :, None, None])),
            intrinsics=self.cameras.of_pair(motion.feature, like=first),
        )

    def observe(self, batch: Batch) -> Observation:
        """Show how the next frame predicts the target, the flow, and the translation of each pixel (Fig. 1, 2)."""
        pairs = self.predict_pairs(batch, Progress(step=self.settings.burn_in))
        share_visible = _compare(pairs, self.settings)[1].visible[: len(pairs.image) // 2 : batch.sources.shape[1]]
        pairs = replace(pairs, residual=self.residual_weight * pairs.residual)
        _, seen = _compare(pairs, self.settings)
        rows = slice(next_source(batch), len(pairs.image) // 2, batch.sources.shape[1])
        second_K, points = exchanged(pairs.intrinsics)[rows], backproject(pairs.depth, pairs.intrinsics)[rows]
        static = transform_points(points, make_transform(pairs.rotation, pairs.background)[rows])
        rigid, complete = (optical_flow(there, second_K) for there in (static, static + pairs.residual[rows]))
        pictures = {
            "target": batch.target,
            "synthesised-target": seen.seen[rows],
            "depth": pairs.depth[rows],
            "photometric-error": ((seen.seen - pairs.image).abs() * seen.visible).mean(dim=1, keepdim=True)[rows],
            "visible": seen.visible[rows].float(),
            "rigid-flow": rigid,
            "complete-flow": complete,
            "independent-flow": complete - rigid,
            "translation-map": pairs.translation[rows],
            "object-translation-map": pairs.residual[rows],
        }
        return Observation(pictures, share_visible=float(share_visible.float().mean()))

    def selection_loss(self, terms: Mapping[str, float], *, share_visible: float | None = None) -> float:
        """Return how badly frames are explained; a mean over all pixels (eq. 7) falls when fewer are compared."""
        error = sum(terms[name] for name in self.comparing)
        if share_visible is None or self.settings.short.average == "counted":
            return error
        return error / max(share_visible, 1e-6)

    def _frames(self, image: Image, depth: Depth) -> Tensor:
        """What the motion network sees of each frame."""
        return torch.cat([image, depth], dim=1) if self.settings.depth_input else image

    def _movable(self, batch: Batch) -> tuple[Map, Tensor]:
        """1 within `mask_dilation` pixels of people and vehicles, of the targets and of their sources."""
        if batch.classes is None or batch.source_classes is None:
            raise UsageError("Object masks need class maps beside the clips: `data.use_classes=True`.")
        around = self.settings.mask_dilation
        maps = torch.cat([batch.classes, batch.source_classes], dim=1)
        near = functional.max_pool2d(is_dynamic(maps).float(), 2 * around + 1, stride=1, padding=around)
        return near[:, :1], near[:, 1:, None]
