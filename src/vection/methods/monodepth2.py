"""Monodepth2: Godard et al., Digging Into Self-Supervised Monocular Depth Estimation, ICCV 2019."""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from vection.errors import UsageError
from vection.geometry.camera import disparity_to_depth
from vection.geometry.views import SourceTransforms, Views
from vection.losses.ground import behind_ground_loss
from vection.losses.photometric import mean_over
from vection.methods.method import FrameTimes, Method, Motion, Observation, Progress
from vection.methods.monodepth2_settings import Monodepth2Settings
from vection.methods.steps.finiteness import zero_if_finite
from vection.methods.steps.measured_motion import check_measured, compare_with_measured
from vection.methods.steps.multi_scale import compare_scales
from vection.methods.steps.observation import reprojection_picture_names, reprojection_pictures
from vection.networks.cameras import Cameras
from vection.networks.depth.build import build_depth_network
from vection.networks.depth.decoder import DepthDecoder
from vection.networks.encoders.encoder import EncoderName
from vection.networks.motion.ego_motion import EgoMotion, build_ego_motion, source_transforms
from vection.samples import Batch
from vection.types import Depth, Disparities, Disparity, Image, Intrinsics, Scalar

__all__ = ["Monodepth2", "Monodepth2Settings"]


class Monodepth2(Method):
    """Depth and pose networks trained by predicting the target frame from its sources."""

    settings: Monodepth2Settings

    def __init__(self, settings: Monodepth2Settings) -> None:
        super().__init__(settings)
        if not (settings.temporal or settings.stereo):
            raise UsageError(
                "Without neighbouring frames (`method.temporal`) and without stereo pairs (`method.stereo`) there is "
                "nothing to learn from; choose at least one."
            )
        if settings.short.measured and not settings.temporal:
            raise UsageError(
                "Measured motion is that between neighbouring frames: train with `method.temporal=True`, or without "
                "measured geometry (`method.short.measured=False`)."
            )
        check_measured(settings, settings.short, intrinsics=settings.intrinsics)
        self.settings = settings
        self.depth_limits = (settings.min_depth, settings.max_depth)
        self.depth_network = build_depth_network(
            settings.depth_network,
            pretrained=settings.pretrained,
            weights=None if settings.depth_weights is None else Path(settings.depth_weights),
            drop_path=settings.drop_path,
            dilations=settings.dilations,
            scales=settings.scales,
        )
        channels = self.depth_network.encoder.channels
        lite = settings.depth_network.startswith("lite-mono")
        motion = settings.pose_encoder or ("resnet18" if lite else cast(EncoderName, settings.depth_network))
        self.ego_motion: EgoMotion | None = None
        self.cameras: Cameras | None = None
        if settings.temporal:
            self.ego_motion = build_ego_motion(
                settings.ego_motion,
                encoder=motion,
                channels=channels[-1],
                pretrained=settings.pretrained,
            )
            self.cameras = Cameras(settings.intrinsics, channels=self.ego_motion.feature_channels)
        self.mask_decoder: DepthDecoder | None = None
        if settings.mask == "predictive":
            sources = (settings.needs.sources or 0) + settings.stereo
            self.mask_decoder = DepthDecoder(channels, scales=settings.scales, outputs=sources)
        self.pictures = reprojection_picture_names(settings.comparison(), predictive_mask=self.mask_decoder is not None)

    def training_loss(self, batch: Batch, progress: Progress) -> dict[str, Scalar]:
        """L = mu L_p + lambda L_s, averaged over pixels, scales and batch (end of section 3.2)."""
        settings = self.settings
        features = self.depth_network.encoder(batch.target_jittered)
        disparities = self.depth_network.decoder(features)
        masks = None if self.mask_decoder is None else self.mask_decoder(features)
        views, transforms = self._views(batch, features[-1], disparities[0])
        finite = zero_if_finite(views, transforms)
        taught: dict[str, Scalar] = {}
        if settings.short.measured:
            limits = None if settings.stereo else (settings.min_depth, settings.max_depth)  # stereo has metres
            motion, taught = compare_with_measured(self._depth(disparities[0]), batch, settings.short, limits=limits)
            temporal, stereo = transforms.split([motion.known.shape[1], settings.stereo], dim=1)
            taught["measured_motion"] = motion.loss(temporal, settings.short)
            transforms = torch.cat([motion.instead_of(temporal), stereo], dim=1)
        pyramid = views.pyramid(len(disparities))
        comparison = settings.comparison(progress.total_step)
        results = compare_scales(disparities, transforms, pyramid, comparison=comparison, masks=masks)
        photometric = [mean_over(result.reprojection.error, batch.usable) for result in results]
        smoothness = torch.stack([result.smoothness_loss for result in results]).mean()
        terms = {
            "photometric": torch.stack(photometric).mean() + finite,
            "smoothness": settings.smoothness_weight * smoothness,
            **taught,
        }
        if masks is not None:  # without this term the mask would explain every error away (Zhou et al. 2017, eq. 4)
            entropy = [-mask.clamp(min=1e-7).log().mean() for mask in masks]
            terms["predictive_mask"] = settings.predictive_mask_weight * torch.stack(entropy).mean()
        if settings.short.ground_weight:
            limits = (settings.min_depth, settings.max_depth)
            ground = behind_ground_loss(disparities[0], views.intrinsics, limits=limits, usable=batch.usable)
            terms["ground"] = settings.short.ground_weight * ground
        return terms

    def predict_disparities(self, image: Image) -> Disparities:
        """Return the disparities of all scales, finest first."""
        disparities: Disparities = self.depth_network(image)
        return disparities

    def predict_depth(self, image: Image) -> Depth:
        """Depth of the image, D = 1 / (a s + b) (section 3.3)."""
        return self._depth(self.predict_disparities(image)[0])

    def predict_motion(
        self,
        first: Image,
        second: Image,
        *,
        before: Image | None = None,
        intrinsics: Intrinsics | None = None,
        seconds: FrameTimes | None = None,
    ) -> Motion:
        """Predict ego-motion alone: the method knows no object motion."""
        del before, intrinsics, seconds
        if self.ego_motion is None or self.cameras is None:
            raise ValueError("a model trained on stereo pairs alone has no pose network")
        features = None
        if self.ego_motion.needs_features:
            features = (self.depth_network.encoder(first)[-1], self.depth_network.encoder(second)[-1])
        pair = self.ego_motion(first, second, features=features, depth=self.predict_depth(first))
        return Motion(pair.T_first_to_second, intrinsics=self.cameras.of_pair(pair.feature, like=first))

    def observe(self, batch: Batch) -> Observation:
        """Show how the target is predicted, the error, who won its minimum (Fig. 4), the mask (Fig. 5) and the flow."""
        features = self.depth_network.encoder(batch.target)
        disparity = self.depth_network.decoder(features)[0]
        mask = None if self.mask_decoder is None else self.mask_decoder(features)[0]
        views, transforms = self._views(batch, features[-1], disparity)
        pictures = reprojection_pictures(
            disparity,
            transforms,
            views,
            batch,
            comparison=self.settings.comparison(),
            mask=mask,
            temporal=self.settings.temporal,
        )
        return Observation(pictures)

    def _views(self, batch: Batch, feature: Tensor, disparity: Disparity) -> tuple[Views, SourceTransforms]:
        """Gather the temporal and the stereo sources and the transform to each (section 3.1)."""
        sources, intrinsics, transforms = [], [], []
        target_K = batch.intrinsics
        if self.ego_motion is not None and self.cameras is not None:
            temporal, motion_feature = self._temporal_transforms(batch, feature, disparity)
            target_K, source_K = self.cameras(batch, motion_feature)
            sources.append(batch.sources)
            intrinsics.append(source_K)
            transforms.append(temporal)
        if self.settings.stereo:
            if batch.stereo is None:
                raise ValueError("stereo training needs clips with a stereo view")
            sources.append(batch.stereo.image[:, None])
            intrinsics.append(batch.stereo.intrinsics[:, None])
            transforms.append(batch.stereo.T_target_to_stereo[:, None])
        views = Views(batch.target, torch.cat(sources, dim=1), target_K, torch.cat(intrinsics, dim=1))
        return views, torch.cat(transforms, dim=1)

    def _temporal_transforms(
        self, batch: Batch, feature: Tensor, disparity: Disparity
    ) -> tuple[SourceTransforms, Tensor]:
        """T_target_to_source of every source, and the pose network's last feature."""
        assert self.ego_motion is not None
        features = None
        if self.ego_motion.needs_features:
            features = (feature, self.depth_network.encoder(batch.sources_jittered.flatten(0, 1))[-1])
        return source_transforms(self.ego_motion, batch, depth=self._depth(disparity), features=features)

    def _depth(self, disparity: Disparity) -> Depth:
        return disparity_to_depth(disparity, min_depth=self.settings.min_depth, max_depth=self.settings.max_depth)
