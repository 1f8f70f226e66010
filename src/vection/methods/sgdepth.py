"""SGDepth: Klingner et al., Self-Supervised Monocular Depth Estimation with Semantic Guidance, ECCV 2020."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from vection.errors import UsageError
from vection.geometry.camera import disparity_to_depth
from vection.geometry.resizing import resize_like
from vection.geometry.views import SourceClasses, SourceTransforms, Views
from vection.losses.photometric import mean_over
from vection.losses.segmentation import CITYSCAPES_CLASS_WEIGHTS, UNKNOWN_CLASS, weighted_cross_entropy
from vection.methods.method import FrameTimes, Method, Motion, Observation, Progress
from vection.methods.sgdepth_settings import SgDepthSettings
from vection.methods.steps.dynamic_classes import dynamic_overlap, is_dynamic, pixels_to_learn
from vection.methods.steps.evaluation_mode import evaluating
from vection.methods.steps.finiteness import zero_if_finite
from vection.methods.steps.measured_motion import check_measured, compare_with_measured
from vection.methods.steps.multi_scale import Comparison, compare_scales
from vection.methods.steps.observation import reprojection_picture_names, reprojection_pictures
from vection.methods.steps.overlap_log import OverlapLog, unmasked_share
from vection.networks.cameras import Cameras
from vection.networks.depth.build import DepthNetwork
from vection.networks.depth.decoder import DepthDecoder, SegmentationDecoder
from vection.networks.depth.gradient_scaling import scale_gradients
from vection.networks.depth.shared_encoder import SharedEncoder
from vection.networks.motion.ego_motion import EgoMotion, SeparateEgoMotion, source_transforms
from vection.samples import Batch, LabelledImage
from vection.types import ClassMap, Depth, Disparities, Image, Intrinsics, Mask, Scalar


def depth_losses(
    disparities: Disparities,
    transforms: SourceTransforms,
    views: Views,
    *,
    settings: SgDepthSettings,
    comparison: Comparison,
    learned: Mask | None = None,
    usable: Mask | None = None,
) -> list[tuple[Scalar, Scalar]]:
    """Photometric and smoothness loss of each scale; pixels that are not `learned` count as 0 in the mean (eq. 9)."""
    pyramid = views.pyramid(len(disparities))
    if settings.released.edges == "sampled":
        images = [resize_like(views.target, disparity) for disparity in disparities]
        pyramid = [replace(level, target=image) for level, image in zip(pyramid, images, strict=True)]
    losses = []
    for result in compare_scales(disparities, transforms, pyramid, comparison=comparison):
        error = result.reprojection.error  # min over t' of eq. 3, auto-masked
        photometric = mean_over(error if learned is None else error * learned, usable)
        losses.append((photometric, settings.smoothness_weight * result.smoothness_loss))  # beta J_sm (eq. 4)
    return losses


class SgDepth(Method):
    """Depth from video and segmentation from labels of another domain, on one encoder; classes guide what to ignore."""

    settings: SgDepthSettings
    eager = ("_pixels_to_learn",)
    cameras: Cameras

    def __init__(self, settings: SgDepthSettings) -> None:
        super().__init__(settings)
        if settings.learns == "depth" and settings.class_maps == "predicted" and settings.masking != "none":
            raise UsageError(
                "Masks want classes: learn segmentation as well (`method.learns=depth-and-segmentation`), give "
                "class maps (`method.class_maps=given` `data.use_classes=True`), or train without masks "
                "(`method.masking=none`)."
            )
        check_measured(settings, settings.short, intrinsics=settings.intrinsics)
        self.settings, released = settings, settings.released
        self.learns_depth = settings.learns != "segmentation"
        self.depth_limits = (settings.min_depth, settings.max_depth)
        first, norm = released.shared == "encoder-and-first-convolution", settings.normalisation
        shared = SharedEncoder(
            settings.depth_network, first_convolution=first, pretrained=settings.pretrained, normalisation=norm
        )
        self.depth_network = DepthNetwork(
            shared, DepthDecoder(shared.channels, scales=settings.scales, first_is_done=first)
        )
        for head in self.depth_network.decoder.heads:
            head.get_parameter("bias").data.add_(released.disparity_bias)
        self.segmentation_decoder: SegmentationDecoder | None = None
        if settings.knows.classes:
            self.segmentation_decoder = SegmentationDecoder(
                shared.channels, classes=released.class_scores, first_is_done=first
            )
        self.ego_motion: EgoMotion = SeparateEgoMotion(
            settings.depth_network,
            pretrained=settings.pretrained,
            normalisation=norm,
            poses=2 if released.pose_scaled == "output" else 1,
            scaled=released.pose_scaled,
        )
        self.cameras = Cameras(settings.intrinsics, channels=self.ego_motion.feature_channels)
        weights = (*CITYSCAPES_CLASS_WEIGHTS, 0.0)[: released.class_scores]
        self.register_buffer("class_weights", torch.tensor(weights), persistent=False)
        self.log = OverlapLog(as_released=released.schedule == "as-released")
        classes = ("classes", "dynamic-class-mask") if settings.knows.classes or settings.needs.class_maps else ()
        self.pictures = reprojection_picture_names(settings.comparison()) + classes

    @property
    def shared(self) -> nn.Module:
        """The encoder of both tasks."""
        return self.depth_network.encoder

    def training_loss(self, batch: Batch, progress: Progress) -> dict[str, Scalar]:
        """J = J_ce + beta J_sm + (J_phm of images with moving objects, J_ph of the others), eq. 11."""
        if self.settings.learns == "depth":
            return self._depth_terms(self.shared(batch.target_jittered), batch, progress)
        labelled = batch.labelled
        if labelled is None:
            raise ValueError("segmentation is learned from labelled images, but the batch has none")
        if self.settings.learns == "segmentation":
            return {"segmentation": self._segmentation_loss(self.shared(labelled.image), labelled)}
        # Both domains pass the encoder in one batch (section 4), so its normalisation sees both.
        features = self.shared(torch.cat([batch.target_jittered, labelled.image]))
        of_clips, of_labels = ([part[at] for part in features] for at in (slice(len(batch)), slice(len(batch), None)))
        if self.settings.gradient_scale is not None:  # eq. 6
            of_clips = scale_gradients(of_clips, 1 - self.settings.gradient_scale)
            of_labels = scale_gradients(of_labels, self.settings.gradient_scale)
        terms = self._depth_terms(of_clips, batch, progress)
        return terms | {"segmentation": self._segmentation_loss(of_labels, labelled)}

    def _segmentation_loss(self, features: list[Tensor], labelled: LabelledImage) -> Scalar:
        assert self.segmentation_decoder is not None
        scores = self.segmentation_decoder(features)
        weights, average = self.get_buffer("class_weights"), self.settings.released.class_average
        return weighted_cross_entropy(scores, labelled.classes, weights=weights, average=average)

    def _depth_terms(self, features: list[Tensor], batch: Batch, progress: Progress) -> dict[str, Scalar]:
        disparities = self.depth_network.decoder(features)
        depth, transforms, views = self._views(disparities, batch)
        finite, learned = zero_if_finite(views, transforms), None
        taught: dict[str, Scalar] = {}
        if self.settings.short.measured:
            motion, taught = compare_with_measured(
                depth, batch, self.settings.short, limits=(self.settings.min_depth, self.settings.max_depth)
            )
            taught["measured_motion"] = motion.loss(transforms, self.settings.short)
            transforms = motion.instead_of(transforms)
        if self._masks_in(progress):
            learned = self._pixels_to_learn(batch, views, depth.detach(), transforms.detach())
        losses = depth_losses(
            disparities,
            transforms,
            views,
            settings=self.settings,
            comparison=self.settings.comparison(progress.total_step),
            learned=learned,
            usable=batch.usable,
        )
        photometric, smoothness = (torch.stack(parts).mean() for parts in zip(*losses, strict=True))
        return {"photometric": photometric + finite, "smoothness": smoothness} | taught

    def _masks_in(self, progress: Progress) -> bool:
        # What is held out is scored without masks: with them the loss falls when more is called dynamic.
        return self.training and self.settings.masking != "none" and progress.epoch >= self.settings.masking_from

    @torch.no_grad()
    def _pixels_to_learn(self, batch: Batch, views: Views, depth: Depth, transforms: SourceTransforms) -> Mask:
        """mu of eq. 8 where the image is below the threshold; logs the overlaps."""
        classes, source_classes = self._classes(batch)
        target = is_dynamic(classes)
        warped = is_dynamic(views.synthesise_classes(source_classes, depth, transforms))
        overlap = dynamic_overlap(target, warped, combine=self.settings.released.overlap)
        if self.settings.masking == "all":
            return pixels_to_learn(target, warped, overlap, threshold=torch.full_like(overlap, torch.inf))
        self.log.add(overlap)
        return pixels_to_learn(target, warped, overlap, threshold=self.log.threshold)

    def _classes(self, batch: Batch) -> tuple[ClassMap, SourceClasses]:
        """Classes of targets and sources, unknown where a clip's mask says so."""
        if self.settings.needs.class_maps:
            if batch.classes is None or batch.source_classes is None:
                raise ValueError("given class maps are used, but the batch has none")
            classes, others = batch.classes, batch.source_classes
        else:
            frames = torch.cat([batch.target_jittered[:, None], batch.sources_jittered], dim=1)
            with evaluating(self):
                predicted = self.predict_classes(frames.flatten(0, 1))[:, 0].unflatten(0, (len(batch), -1))
            classes, others = predicted[:, :1], predicted[:, 1:]
        if batch.usable is None:
            return classes, others
        return classes.where(batch.usable, UNKNOWN_CLASS), others.where(batch.usable, UNKNOWN_CLASS)

    def selection_loss(self, terms: Mapping[str, float], *, share_visible: float | None = None) -> float:
        """Return the sum of the terms of depth alone: segmentation, most of the whole sum, says nothing of depth.

        Where segmentation alone is learned it is that.
        """
        del share_visible
        return sum(value for name, value in terms.items() if name != "segmentation" or self.settings.learns == name)

    def on_epoch_end(self, progress: Progress) -> None:
        """Choose theta so that a share epsilon of the next epoch's images is not masked (after eq. 10)."""
        if self.settings.masking not in ("threshold", "scheduled"):
            return
        share = self.settings.unmasked_share
        if self.settings.masking == "scheduled":
            share = unmasked_share(progress.epoch, begin=self.settings.masking_from, epochs=progress.epochs)
        self.log.end_epoch(share)

    def predict_depth(self, image: Image) -> Depth:
        """Depth of the image, D = 1 / (a s + b) (section 4)."""
        return self._depth(self.depth_network.decoder(self.shared(image)))

    def predict_classes(self, image: Image) -> ClassMap:
        """Cityscapes train ids at the size of `image`. Raises ValueError if segmentation was not learned."""
        if self.segmentation_decoder is None:
            raise ValueError("this model has not learned to segment")
        scores: Tensor = self.segmentation_decoder(self.shared(image))
        return scores[:, : len(CITYSCAPES_CLASS_WEIGHTS)].argmax(dim=1, keepdim=True).to(torch.uint8)

    def predict_motion(
        self,
        first: Image,
        second: Image,
        *,
        before: Image | None = None,
        intrinsics: Intrinsics | None = None,
        seconds: FrameTimes | None = None,
    ) -> Motion:
        """Predict ego-motion; `moving` are people and vehicles, which may stand, if segmentation was learned."""
        del before, intrinsics, seconds
        pair = self.ego_motion(first, second, features=None, depth=torch.ones_like(first[:, :1]))
        moving = is_dynamic(self.predict_classes(first)).float() if self.segmentation_decoder is not None else None
        camera = self.cameras.of_pair(pair.feature, like=first)
        return Motion(pair.T_first_to_second, moving=moving, intrinsics=camera)

    def observe(self, batch: Batch) -> Observation:
        """Show how the target is predicted, the error, the classes (Fig. 5), and where dynamic ones are (Fig. 3, f)."""
        disparities = self.depth_network.decoder(self.shared(batch.target))
        depth, transforms, views = self._views(disparities, batch)
        comparison = self.settings.comparison()
        pictures = reprojection_pictures(disparities[0], transforms, views, batch, comparison=comparison)
        if "classes" in self.pictures:
            classes, source_classes = self._classes(batch)
            warped = is_dynamic(views.synthesise_classes(source_classes, depth, transforms))
            pictures["classes"] = classes
            pictures["dynamic-class-mask"] = (~(is_dynamic(classes) | warped.any(dim=1, keepdim=True))).float()
        return Observation(pictures)

    def _views(self, disparities: Disparities, batch: Batch) -> tuple[Depth, SourceTransforms, Views]:
        depth = self._depth(disparities)
        transforms, feature = source_transforms(self.ego_motion, batch, depth=depth)
        target_K, source_K = self.cameras(batch, feature)
        return depth, transforms, Views(batch.target, batch.sources, target_K, source_K)

    def _depth(self, disparities: Disparities) -> Depth:
        settings = self.settings
        return disparity_to_depth(disparities[0], min_depth=settings.min_depth, max_depth=settings.max_depth)
