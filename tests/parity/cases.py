"""Adapter from the reference values to the library: translates names and layouts, computes nothing itself."""

from collections.abc import Callable
from dataclasses import replace

import torch
from tests.parity import (
    dynamo_depth_cases,
    evaluation_cases,
    motion_field_cases,
    sc_sfmlearner_cases,
    sgdepth_cases,
)
from torch import Tensor

from vection.foreign_weights.layouts import convert_checkpoint
from vection.foreign_weights.monodepth2 import encoder_state, pose_decoder_state, posenet_state
from vection.geometry.camera import disparity_to_depth, disparity_to_inverse_depth
from vection.geometry.rigid import invert, transform_from_axis_angle
from vection.geometry.views import Views
from vection.geometry.warp import correspond, sample
from vection.losses.photometric import Target, photometric_error
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.losses.ssim import ssim_error
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.methods.steps.multi_scale import compare_scales
from vection.networks.motion.ego_motion import SeparateEgoMotion
from vection.networks.motion.pose import PoseNet

Tensors = dict[str, Tensor]
Checkpoint = dict[str, Tensors] | None


def run(name: str, inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    """Compute the expected outputs of one case."""
    return CASES[name](inputs, checkpoint)


def _image(tensor: Tensor) -> Tensor:
    return tensor.float() / 255


def _depth_net(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    method = convert_checkpoint(checkpoint)
    assert isinstance(method, Monodepth2)
    with torch.no_grad():
        features = method.depth_network.encoder(_image(inputs["image_u8"]))
        disparities = method.depth_network.decoder(features)
    outputs = {f"disp_{scale}": disparity for scale, disparity in enumerate(disparities)}
    return outputs | {f"debug_feature_{i}_mean": feature.mean(dim=(2, 3)) for i, feature in enumerate(features)}


def _pose_net(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    network = SeparateEgoMotion("resnet18", pretrained=False).eval()
    network.encoder.load_state_dict(encoder_state(checkpoint["pose_encoder.pth"]))
    network.decoder.load_state_dict(pose_decoder_state(checkpoint["pose.pth"]))
    frames = torch.cat([_image(inputs["frame_first_u8"]), _image(inputs["frame_second_u8"])], dim=1)
    with torch.no_grad():
        poses = network.decoder.all_poses([network.encoder(frames)[-1]])
        pair = network(*frames.chunk(2, dim=1), features=None, depth=torch.ones_like(frames[:, :1]))
        direct = pair.T_first_to_second
    listed = transform_from_axis_angle(inputs["list_axisangle"][:, 0], inputs["list_translation"][:, 0])
    return {
        "axisangle": poses[:, :, None, :3],
        "translation": poses[:, :, None, 3:],
        "T_direct": direct,
        "T_inverted": invert(direct),
        "list_T_direct": listed,
        "list_T_inverted": invert(listed),
    }


def _posecnn(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    network = PoseNet()
    network.load_state_dict(posenet_state(checkpoint["pose.pth"]))
    with torch.no_grad():
        axis_angle, translation = network(_image(inputs["frame_first_u8"]), _image(inputs["frame_second_u8"]))
    return {"axisangle": axis_angle[:, None, None], "translation": translation[:, None, None]}


def _disp_to_depth(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    outputs = {}
    for label, low, high in (("0p1_100", 0.1, 100.0), ("0p5_80", 0.5, 80.0)):
        outputs[f"scaled_disp_{label}"] = disparity_to_inverse_depth(inputs["disp"], min_depth=low, max_depth=high)
        outputs[f"depth_{label}"] = disparity_to_depth(inputs["disp"], min_depth=low, max_depth=high)
    return outputs


def _warp(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    intrinsics = inputs["K"][:, :3, :3]
    found = correspond(
        inputs["depth"], inputs["T_target_to_source"], intrinsics=intrinsics, source_intrinsics=intrinsics
    )
    warped = sample(_image(inputs["source_u8"]), found.pixels, padding="border")
    return {"pixel_xy": found.pixels, "z_in_source": found.depth, "warped": warped}


def _photometric(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    views, target = _image(inputs["pred_u8"])[:, None], Target.of(_image(inputs["target_u8"]))
    return {
        "ssim_loss": ssim_error(views, target.moments)[:, 0],
        "photometric": photometric_error(views, target),
        "l1": photometric_error(views, target, ssim_weight=0.0),
    }


def _smoothness(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    outputs, image = {}, _image(inputs["image_u8"])
    for label, prepare in (("raw", torch.Tensor.clone), ("mean_normalised", normalise_by_mean)):
        disparity = inputs["disp"].clone().requires_grad_()
        loss = edge_aware_smoothness_loss(prepare(disparity), image)
        loss.backward()
        outputs[f"smooth_{label}"] = loss.detach()[None]
        outputs[f"grad_disp_{label}"] = disparity.grad
    return outputs


def _loss(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    return _full_loss(inputs, Monodepth2Settings(tie_break_noise=0.0))


def _loss_per_scale(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    return _full_loss(inputs, Monodepth2Settings(tie_break_noise=0.0, multi_scale="per-scale"))


def _full_loss(inputs: Tensors, settings: Monodepth2Settings) -> Tensors:
    pyramid = [_views(inputs, scale) for scale in range(settings.scales)]
    outputs: Tensors = {}
    for mask, mask_label in (("auto", "automask"), ("none", "noautomask")):
        for reprojection, label in (("minimum", "min"), ("average", "avg")):
            variant = replace(settings, mask=mask, reprojection=reprojection)  # type: ignore[arg-type]
            computed = _loss_variant(inputs, pyramid, variant)
            outputs |= {f"{mask_label}_{label}.{key}": value for key, value in computed.items()}
    return outputs


def _views(inputs: Tensors, scale: int) -> Views:
    # The full-resolution case stores source images and intrinsics of every scale as well; only the first is used.
    sources = torch.stack([_image(inputs[f"color_{frame}_s{scale}_u8"]) for frame in ("m1", "p1")], dim=1)
    intrinsics = inputs[f"K_s{scale}"][:, :3, :3]
    return Views(_image(inputs[f"color_0_s{scale}_u8"]), sources, intrinsics, torch.stack([intrinsics] * 2, dim=1))


def _loss_variant(inputs: Tensors, pyramid: list[Views], settings: Monodepth2Settings) -> Tensors:
    names = [f"disp_{scale}" for scale in range(settings.scales)]
    names += [f"{kind}_{frame}" for kind in ("axisangle", "translation") for frame in ("m1", "p1")]
    free = {name: inputs[name].clone().requires_grad_() for name in names}
    past, future = (
        transform_from_axis_angle(free[f"axisangle_{frame}"][:, 0], free[f"translation_{frame}"][:, 0])
        for frame in ("m1", "p1")
    )
    transforms = torch.stack([invert(past), future], dim=1)
    disparities = [free[f"disp_{scale}"] for scale in range(settings.scales)]
    results = compare_scales(disparities, transforms, pyramid, comparison=settings.comparison())
    losses = [r.reprojection.error.mean() + settings.smoothness_weight * r.smoothness_loss for r in results]
    total = torch.stack(losses).mean()
    total.backward()
    outputs = {"loss": total.detach()[None]}
    for scale, (loss, result) in enumerate(zip(losses, results, strict=True)):
        outputs[f"loss_s{scale}"] = loss.detach()[None]
        outputs[f"selection_s{scale}"] = result.reprojection.selected[:, 0].to(torch.uint8)
    return outputs | {f"grad_{name}": tensor.grad for name, tensor in free.items() if tensor.grad is not None}


CASES: dict[str, Callable[[Tensors, Checkpoint], Tensors]] = {
    **sc_sfmlearner_cases.CASES,
    **sgdepth_cases.CASES,
    **motion_field_cases.CASES,
    **dynamo_depth_cases.CASES,
    **evaluation_cases.CASES,
    "md2_depth_net_r18": _depth_net,
    "md2_depth_net_r50": _depth_net,
    "md2_pose_net": _pose_net,
    "md2_posecnn": _posecnn,
    "md2_disp_to_depth": _disp_to_depth,
    "md2_warp": _warp,
    "md2_photometric": _photometric,
    "md2_smoothness": _smoothness,
    "md2_loss": _loss,
    "md2_loss_v1_multiscale": _loss_per_scale,
    "md2_flip_postprocess": lambda inputs, _: evaluation_cases.flip_postprocess(inputs),
    "md2_depth_metrics": lambda inputs, _: evaluation_cases.depth_metrics(inputs),
    "md2_lidar_gt": lambda inputs, _: evaluation_cases.lidar_gt(inputs),
    "md2_pose_ate5": lambda inputs, _: evaluation_cases.pose_ate5(inputs),
}
