"""Reference values of sc_sfmlearner: see `cases.py`."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from vection.foreign_weights.sc_sfmlearner import convert_depth_network, convert_pose_network
from vection.geometry.camera import disparity_to_inverse_depth
from vection.geometry.rigid import make_transform, rotation_from_quaternion
from vection.geometry.views import Views
from vection.geometry.warp import SeenWithDepth, warp_with_depth
from vection.losses.ssim import moments, ssim_error
from vection.methods.sc_sfmlearner import compare_frames, smoothness_of_frames
from vection.methods.sc_sfmlearner_settings import AS_RELEASED, Released, ScSfmLearnerSettings
from vection.methods.steps.pair_comparison import Comparison
from vection.networks.motion.euler_motion import transform_from_vector

Tensors = dict[str, Tensor]
Checkpoint = dict[str, Tensors] | None

NEURIPS = ScSfmLearnerSettings(released=Released(smoothness="first-order"))
RELEASE = ScSfmLearnerSettings(released=AS_RELEASED)
FRAMES = ("target", "ref0", "ref1")
POSES = ("target_ref0", "target_ref1", "ref0_target", "ref1_target")
"""In the order of `both_directions`."""


def _image(tensor: Tensor) -> Tensor:
    return tensor.float() / 255


def _depth_net(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    network = convert_depth_network(next(iter(checkpoint.values())))
    outputs = {}
    with torch.no_grad():
        for name, image in inputs.items():
            disparities = network(_image(image))
            # The expected "disparity" is the inverse depth of the method's defaults.
            low, high = NEURIPS.min_depth, NEURIPS.max_depth
            inverse = [disparity_to_inverse_depth(d, min_depth=low, max_depth=high) for d in disparities]
            if name == "image_u8":
                outputs |= {f"disp_{scale}": value for scale, value in enumerate(inverse)}
            else:
                label = name.removesuffix("_u8")
                outputs |= {f"{label}.disp{scale + 1}": value for scale, value in enumerate(inverse)}
    return outputs


def _pose_net(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    network = convert_pose_network(next(iter(checkpoint.values())))
    target, ref = _image(inputs["target_u8"]), _image(inputs["ref_u8"])
    with torch.no_grad():
        forward, backward = network.vector(target, ref)[0], network.vector(ref, target)[0]
        matrix = network(target, ref).T_first_to_second[:, :3]
    return {"pose_target_ref": forward, "pose_ref_target": backward, "matrix_target_ref": matrix}


def _euler_pose_matrix(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    pose = inputs["pose"]
    quaternion = make_transform(rotation_from_quaternion(pose[:, 3:]), pose[:, :3])
    return {"euler_3x4": transform_from_vector(pose)[:, :3], "quat_3x4": quaternion[:, :3]}


def _warp(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    comparison = NEURIPS.comparison
    seen, outputs = _warped(inputs, comparison)
    error = _ssim_error(inputs, seen, comparison)
    return outputs | {"ssim": 1 - 2 * error}


def _release_warp(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    comparison = RELEASE.comparison
    seen, outputs = _warped(inputs, comparison)
    return outputs | {"ssim_loss": _ssim_error(inputs, seen, comparison)}


def _warped(inputs: Tensors, comparison: Comparison) -> tuple[SeenWithDepth, Tensors]:
    outputs: Tensors = {}
    views: dict[str, SeenWithDepth] = {}
    for label, padding in (("zeros", "blank"), ("border", "border")):
        views[label] = warp_with_depth(
            comparison.normalise(_image(inputs["ref_u8"])),
            inputs["ref_depth"],
            inputs["target_depth"],
            transform_from_vector(inputs["pose_target_to_ref"]),
            intrinsics=inputs["K"],
            source_intrinsics=inputs["K"],
            padding=padding,  # type: ignore[arg-type]
            align_corners=comparison.align_corners,
            minimum_sampled_depth=comparison.minimum_sampled_depth,
        )
        outputs[f"{label}.valid"] = views[label].inside_image.to(torch.uint8)
        outputs[f"{label}.sampled_depth"] = views[label].sampled_depth
    blank = views["zeros"]
    return blank, outputs | {"zeros.warped": blank.image, "computed_depth": blank.computed_depth}


def _ssim_error(inputs: Tensors, seen: SeenWithDepth, comparison: Comparison) -> Tensor:
    target = moments(comparison.normalise(_image(inputs["target_u8"]))[:1], window=comparison.window)
    return ssim_error(seen.image[:1], target, window=comparison.window)


def _losses(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    variants = {
        "default": NEURIPS,
        "no_ssim": replace(NEURIPS, ssim_weight=0.0),
        "no_mask": replace(NEURIPS, self_discovered_mask=False),
        "border": _as_released(NEURIPS, padding="border"),
        "two_scales": NEURIPS,
    }
    outputs: Tensors = {}
    for label, settings in variants.items():
        free = _free(inputs)
        views = _views(inputs, settings)
        depths, levels = [_stacked(free, "depth")], [views]
        if label == "two_scales":
            depths.append(_stacked(free, "depth_half"))
            # The authors' code divides K by two; pixel centres do not stay in place.
            rows = views.intrinsics.new_tensor([0.5, 0.5, 1.0])[:, None]
            levels.append(
                replace(
                    views.halved(),
                    intrinsics=rows * views.intrinsics,
                    source_intrinsics=rows * views.source_intrinsics,
                )
            )
        outputs |= _variant(label, free, depths=depths, views=views, levels=levels, settings=settings)
    return outputs


def _release_losses(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    outputs: Tensors = {}
    for ssim, mask, auto in ((1, 1, 0), (1, 1, 1), (0, 1, 0), (1, 0, 0), (0, 0, 1)):
        masked = _as_released(RELEASE, auto_mask=bool(auto))
        settings = replace(masked, ssim_weight=RELEASE.ssim_weight * ssim, self_discovered_mask=bool(mask))
        outputs |= _release_variant(f"ssim{ssim}_mask{mask}_auto{auto}", inputs, settings)
    outputs |= _release_variant("two_scales", inputs, RELEASE)
    return outputs | _release_variant("crop", inputs, _as_released(RELEASE, auto_mask=False))


def _release_variant(label: str, inputs: Tensors, settings: ScSfmLearnerSettings) -> Tensors:
    free = _free(inputs)
    quarter = _stacked(free, "depth_quarter")
    height, width = inputs["target_u8"].shape[-2:]
    depths = [functional.interpolate(quarter, size=(height, width), mode="bilinear", align_corners=False)]
    views = _views(inputs, settings)
    if label == "two_scales":
        half = (height // 2, width // 2)
        depths.append(functional.interpolate(quarter, size=half, mode="bilinear", align_corners=False))
    if label == "crop":
        corner = (..., slice(48), slice(64))
        depths = [depths[0][corner]]
        views = replace(views, target=views.target[corner], sources=views.sources[corner])
    return _variant(label, free, depths=depths, views=views, levels=None, settings=settings)


def _as_released(settings: ScSfmLearnerSettings, **changes: object) -> ScSfmLearnerSettings:
    return replace(settings, released=replace(settings.released, **changes))  # type: ignore[arg-type]


def _free(inputs: Tensors) -> Tensors:
    """Copies of the depths and poses, which get a gradient."""
    return {name: value.clone().requires_grad_() for name, value in inputs.items() if "depth" in name or "pose" in name}


def _stacked(free: Tensors, kind: str) -> Tensor:
    """Depths of the target and its references, sample by sample."""
    return torch.stack([free[f"{frame}_{kind}"] for frame in FRAMES], dim=1).flatten(0, 1)


def _views(inputs: Tensors, settings: ScSfmLearnerSettings) -> Views:
    images = [settings.comparison.normalise(_image(inputs[f"{frame}_u8"])) for frame in FRAMES]
    return Views(images[0], torch.stack(images[1:], dim=1), inputs["K"], torch.stack([inputs["K"]] * 2, dim=1))


def _variant(
    label: str,
    free: Tensors,
    *,
    depths: list[Tensor],
    views: Views,
    levels: list[Views] | None,
    settings: ScSfmLearnerSettings,
) -> Tensors:
    transforms = transform_from_vector(torch.stack([free[f"pose_{pair}"] for pair in POSES], dim=1).flatten(0, 1))
    losses = compare_frames(depths, views, transforms, settings=settings, levels=levels)
    smoothness = smoothness_of_frames(depths[0], views, settings=settings)
    photometric, geometry = losses.photometric.sum(), losses.geometry.sum()
    total = (
        settings.photometric_weight * photometric
        + settings.smoothness_weight * smoothness
        + settings.geometry_weight * geometry
    )
    total.backward()
    pairwise = torch.stack([losses.photometric, losses.geometry], dim=-1)
    counted = losses.finest.counted.unflatten(0, (-1, len(POSES))).sum(dim=(0, 2, 3, 4))
    outputs = {
        "losses": torch.stack([photometric, smoothness, geometry, total]),
        "pairwise": pairwise.unflatten(0, (2, 2)).transpose(0, 1),
        "mask_pixels": counted.unflatten(0, (2, 2)).T.to(torch.int32),
    }
    outputs |= {f"grad_{name}": value.grad for name, value in free.items() if value.grad is not None}
    return {f"{label}.{name}": value.detach() for name, value in outputs.items()}


CASES: dict[str, Callable[[Tensors, Checkpoint], Tensors]] = {
    "sc_dispnet": _depth_net,
    "sc_dispresnet": _depth_net,
    "sc_posenet": _pose_net,
    "sc_euler_pose_matrix": _euler_pose_matrix,
    "sc_warp": _warp,
    "sc_losses": _losses,
    "sc_release_depth_net": _depth_net,
    "sc_release_depth_net_r50": _depth_net,
    "sc_release_pose_net": _pose_net,
    "sc_release_warp": _release_warp,
    "sc_release_losses": _release_losses,
}
