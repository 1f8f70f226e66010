"""Dynamo-Depth: Sun and Hariharan, Fixing Unsupervised Depth Estimation for Dynamical Scenes, NeurIPS 2023."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from vection.errors import UsageError
from vection.geometry.camera import backproject
from vection.geometry.flow import ego_flow, object_flow
from vection.geometry.plane import find_ground
from vection.geometry.resizing import image_pyramid, resize_like
from vection.geometry.rigid import invert, rotate_back
from vection.geometry.views import SourceTransforms, Views
from vection.losses.measured_motion import measured_mask_loss
from vection.losses.photometric import Target, minimum_reprojection, photometric_error
from vection.methods.dynamo_depth_settings import ALL, DEPTH, FLOW, MASK, DynamoDepthSettings, Released, Short
from vection.methods.method import FrameTimes, Method, Motion, Observation, Progress, weighted
from vection.methods.steps.dynamo_depth_loss import Predictions, compare_scale
from vection.methods.steps.finiteness import zero_if_finite
from vection.methods.steps.measured_motion import check_measured, compare_with_measured, static_and_moving
from vection.methods.steps.observation import next_source, winning_source
from vection.networks.cameras import Cameras
from vection.networks.depth.build import build_depth_network
from vection.networks.encoders.build import build_encoder
from vection.networks.motion.ego_motion import EgoMotion, PairMotion, SeparateEgoMotion, source_transforms
from vection.networks.motion.matching import MatchedEncoder, Matches, displacement, matched_flow, matched_logit
from vection.networks.motion.scene_flow import (
    FACTOR,
    Around,
    are_even,
    build_motion_decoder,
    frames_around,
    mean_step,
)
from vection.samples import Batch
from vection.types import Depth, Image, Intrinsics, Map, Scalar

__all__ = ["DynamoDepth", "DynamoDepthSettings"]


@dataclass(frozen=True)
class SceneFlow:
    """What flow and mask decoder say, finest scale first, and of stabilised views what block matching finds."""

    flows: list[Tensor]
    logits: list[Tensor]
    matches: Matches | None = None

    def displaced(self, batch: Batch) -> Map | None:
        """Return how far the matching finds the target's pixels displaced, if there is one (`displacement`)."""
        return None if self.matches is None else resize_like(displacement(self.matches), batch.target)


class DynamoDepth(Method):
    """Depth, pose, complete flow and motion mask, trained one after the other and then together."""

    settings: DynamoDepthSettings
    cameras: Cameras
    stages = (DEPTH, FLOW, MASK, ALL)
    pictures = (
        *("target", "synthesised-target", "depth", "photometric-error", "source"),
        *("motion-mask", "rigid-flow", "complete-flow", "independent-flow"),
    )

    def __init__(self, settings: DynamoDepthSettings) -> None:
        super().__init__(settings)
        check_measured(settings, settings.short, intrinsics=settings.intrinsics)
        _check_starts(settings.released, settings.short)
        self.settings, released, short = settings, settings.released, settings.short
        self.depth_limits = (settings.min_depth, settings.max_depth)
        self.depth_network = build_depth_network(
            settings.depth_network,
            pretrained=settings.pretrained,
            weights=None if settings.depth_weights is None else Path(settings.depth_weights),
            drop_path=settings.drop_path,
            dilations=settings.dilations,
        )
        self.ego_motion: EgoMotion = SeparateEgoMotion(settings.motion_encoder, pretrained=settings.pretrained)
        self.cameras = Cameras(settings.intrinsics, channels=self.ego_motion.feature_channels)
        images = 3 if released.motion_images == "three" else 2
        encoder = build_encoder(settings.motion_encoder, images=images, pretrained=settings.pretrained)
        self.motion_encoder = MatchedEncoder(encoder) if short.motion_views == "stabilised" else encoder

        def decoder(outputs: int, *, factor: float = FACTOR) -> nn.Module:
            return build_motion_decoder(
                released.motion_decoder,
                self.motion_encoder.channels,
                images=images,
                outputs=outputs,
                scales=self.depth_network.scales,
                start=short.motion_start,
                factor=factor,
            )

        self.flow_decoder, self.mask_decoder = decoder(3), decoder(1, factor=short.mask_factor)

    def training_loss(self, batch: Batch, progress: Progress) -> dict[str, Scalar]:
        """L of eq. 9; which terms act, and what may explain motion, depends on the stage (sections 4.3 and B.3)."""
        settings, stage = self.settings, progress.stage
        if self.training and settings.released.frozen_parts == "in-training-mode":
            self.train()  # the trainer has put the frozen parts into eval mode
        predicted, views = self._predict(batch, stage, measured=settings.short.measured)
        target, unwarped, plane = Target.of(views.target), None, None
        if stage == DEPTH and progress.total_step >= settings.short.mask_from_step:
            # Later on, what looks still may be an object that travels with the camera.
            unwarped = photometric_error(views.sources, target, ssim_weight=settings.ssim_weight)
            unwarped = unwarped + settings.tie_break_noise * torch.randn_like(unwarped)
        weights = settings.weights(stage, ramp=settings.ramp(progress))
        if weights.get("ground"):
            points = backproject(settings.depth_of(predicted.disparities[0]), views.intrinsics)
            plane = find_ground(
                points,
                rows=settings.released.ground_rows,
                stride=settings.released.ground_stride,
                tolerance=settings.ground_tolerance,
                ridge=settings.released.plane_ridge,
                usable=batch.usable,
            )
        scales = [
            compare_scale(
                predicted,
                scale,
                views=views,
                target=target,
                image=image,
                unwarped=unwarped,
                plane=plane,
                usable=batch.usable,
                settings=settings,
            )
            for scale, image in enumerate(image_pyramid(views.target, len(predicted.disparities)))
        ]
        means = {name: torch.stack([terms[name] for terms in scales]).mean() for name in scales[0]}
        terms = weighted(means, weights)
        terms["photometric"] = terms["photometric"] + zero_if_finite(views, predicted.transforms)
        return terms | {name: predicted.taught[name] for name in settings.measured_terms(stage)}

    def predict_depth(self, image: Image) -> Depth:
        """Depth of the image, d_t of eq. 2."""
        return self.settings.depth_of(self.depth_network(image)[0])

    def predict_motion(
        self,
        first: Image,
        second: Image,
        *,
        before: Image | None = None,
        intrinsics: Intrinsics | None = None,
        seconds: FrameTimes | None = None,
    ) -> Motion:
        """Predict ego-motion, mask and, if the camera is known (given or predicted), the objects' flow.

        Without `before`, a network that sees three frames gets `first` in its place.
        """
        pair = self._step(first, second, past=False)
        transforms = pair.T_first_to_second[:, None]
        if before is not None:
            back = self._step(first, before, past=True).T_first_to_second
            transforms = torch.cat([back[:, None], transforms], dim=1)
        steps = self._flow_steps(first, seconds)
        predicted = self.cameras.of_pair(pair.feature, like=first)
        camera = intrinsics if predicted is None else predicted
        others = torch.stack([second] if before is None else [before, second], dim=1)
        depth = self.predict_depth(first)
        if self.settings.short.motion_views == "stabilised":
            if camera is None:
                return Motion(pair.T_first_to_second)
            cameras = camera[:, None].expand(-1, others.shape[1], -1, -1)
            others = Views(first, others, camera, cameras).synthesise(depth, transforms)
        around = Around(
            before=first if before is None else others[:, 0],
            target=first,
            following=others[:, -1],
            steps=steps[:, -transforms.shape[1] :],
            even=are_even(steps[:, 0], steps[:, 1]) & (before is not None),
        )
        found = self._scene_flow(around, transforms, camera)
        moving = found.logits[0].sigmoid()
        motion = Motion(pair.T_first_to_second, moving=moving)
        if camera is None:
            return motion
        points = backproject(depth, camera)
        ego = ego_flow(points, motion.ego)
        following = steps[:, 1, None, None, None] * found.flows[0]
        scene = following if found.matches is None else ego + following * depth
        flow = object_flow(scene, ego, moving)
        if self.settings.released.flow_order == "ego-first":  # there F_I moves points of the second camera
            flow = rotate_back(flow, motion.ego[:, :3, :3])
        return replace(motion, object_flow=flow, intrinsics=predicted)

    def observe(self, batch: Batch) -> Observation:
        """Show how the target is predicted, what moves, and the flows to the next frame (Fig. 1, 3)."""
        predicted, views = self._predict(batch, ALL)
        explained, source = predicted.explain(0, views, self.settings), next_source(batch)
        depth = self.settings.depth_of(predicted.disparities[0])
        errors = photometric_error(explained.warped, Target.of(views.target), ssim_weight=self.settings.ssim_weight)
        flows = explained.optical_flows(
            depth, views, predicted.transforms, source=source, order=self.settings.released.flow_order
        )
        pictures = {
            "target": batch.target,
            "synthesised-target": explained.warped[:, source],
            "depth": depth,
            "photometric-error": minimum_reprojection(errors).error,
            "source": winning_source(errors, batch),
            "motion-mask": predicted.logits[0].sigmoid(),
            "rigid-flow": flows[0],
            "complete-flow": flows[1],
            "independent-flow": flows[2],
        }
        return Observation(pictures)

    def selection_loss(self, terms: Mapping[str, float], *, share_visible: float | None = None) -> float:
        """Return how badly frames are explained and how rough depth is: a closed mask is cheap in all other terms."""
        del share_visible
        return terms["photometric"] + terms.get("smoothness", 0.0)

    def _predict(self, batch: Batch, stage: str, *, measured: bool = False) -> tuple[Predictions, Views]:
        """Run the networks that the stage needs; `measured` motion takes the place of the pose network's."""
        disparities = self.depth_network(batch.target_jittered)
        ordered = batch
        if self.settings.released.pair_order == "source-first":  # as if every source came before its target
            ordered = replace(batch, seconds=-batch.seconds.abs())
        depth = self.settings.depth_of(disparities[0])
        transforms, feature = source_transforms(self.ego_motion, ordered, depth=depth)  # eq. 3
        taught: dict[str, Scalar] = {}
        if measured:
            motion, taught = compare_with_measured(
                depth, batch, self.settings.short, limits=(self.settings.min_depth, self.settings.max_depth)
            )
            taught["measured_motion"] = motion.loss(transforms, self.settings.short)
            transforms = motion.instead_of(transforms)
        target_K, source_K = self.cameras(batch, feature)
        views = Views(batch.target, batch.sources, target_K, source_K)
        if stage != DEPTH and self.settings.short.motion_views == "stabilised":
            seen = Views(batch.target_jittered, batch.sources_jittered, views.intrinsics, views.source_intrinsics)
            batch = replace(batch, sources_jittered=seen.synthesise(depth.detach(), transforms.detach()))
        around = frames_around(batch, flow_seconds=self.settings.released.flow_seconds)
        predicted = Predictions(disparities, transforms, around.steps, taught=taught)
        if stage == DEPTH:
            return predicted, views
        found = self._scene_flow(around, transforms, views.intrinsics, with_mask=stage != FLOW)
        if measured and found.logits:
            known = static_and_moving(batch, found.displaced(batch))
            error = measured_mask_loss(found.logits[0], *known)
            taught["measured_mask"] = self.settings.short.measured_mask_weight * error
        return replace(predicted, flows=found.flows, logits=found.logits), views

    def _step(self, target: Image, source: Image, *, past: bool) -> PairMotion:
        """T_target_to_source, for a source in the past or in the future."""
        turned = past or self.settings.released.pair_order == "source-first"
        first, second = (source, target) if turned else (target, source)
        pair: PairMotion = self.ego_motion(first, second, features=None, depth=target[:, :1])
        return replace(pair, T_first_to_second=invert(pair.T_first_to_second)) if turned else pair

    def _flow_steps(self, image: Image, seconds: FrameTimes | None) -> FrameTimes:
        """Return the times to the frames before and after an image in units of the complete flow's."""
        if seconds is None:
            return image.new_tensor([[-1.0, 1.0]]).expand(len(image), -1)
        unit = self.settings.released.flow_seconds
        return seconds / (seconds[:, 1:] if unit is None else unit)

    def _scene_flow(
        self, around: Around, transforms: SourceTransforms, camera: Intrinsics | None, *, with_mask: bool = True
    ) -> SceneFlow:
        """Complete flow to the following frame (eq. 6) and logit of the motion mask (eq. 5), finest scale first.

        Of stabilised views the flow is (F_C - F_R) / z, and starts at what block matching finds; these need `camera`.
        """
        three = self.settings.released.motion_images == "three"
        images = around.stacked(three=three)
        steps = around.steps if self.settings.released.flow_seconds is None else around.steps.sign()
        ego = mean_step(invert(transforms.flatten(0, 1)).view_as(transforms), steps)
        matches = around.match(three=three) if self.settings.short.motion_views == "stabilised" else None
        features = self.motion_encoder(images) if matches is None else self.motion_encoder(images, matches)
        logits = self.mask_decoder(features, images, ego) if with_mask else []
        flows = self.flow_decoder(features, images, ego)
        if matches is None or camera is None:
            return SceneFlow(flows, logits)
        start = matched_flow(matches, camera, width=images.shape[-1])
        flows = [flow + resize_like(start, flow) for flow in flows]
        if self.settings.short.mask_start == "matched":
            logits = [logit + resize_like(matched_logit(matches), logit) for logit in logits]
        return SceneFlow(flows, logits, matches)


def _check_starts(released: Released, short: Short) -> None:
    """Raise UsageError where flow or mask shall start at what these parts do not have."""
    if short.motion_views == "stabilised" and released.flow_seconds is not None:
        raise UsageError("Flow that starts at block matching is that until the next frame; `flow_seconds=None`.")
    if short.motion_views != "stabilised" and short.mask_start == "matched":
        raise UsageError("A mask starts at block matching of stabilised views alone; `motion_views=stabilised`.")
    if released.motion_decoder == "u-net" and short.motion_start != "random":
        raise UsageError(
            f"The u-net decoder of motion starts at random weights alone; `motion_start=random` instead of "
            f"{short.motion_start}, or `motion_decoder=refinement`."
        )
