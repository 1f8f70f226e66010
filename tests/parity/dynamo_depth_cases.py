"""Reference values of dynamo_depth: see `cases.py`."""

from collections.abc import Callable

import torch
from torch import Tensor

from vection.foreign_weights.dynamo_depth import first_names_of_pose_decoder, refinement_state
from vection.foreign_weights.layouts import convert_checkpoint
from vection.foreign_weights.monodepth2 import encoder_state
from vection.geometry.camera import backproject, disparity_to_depth, inverse_depth_to_disparity, project
from vection.geometry.flow import ego_flow, explain, object_flow, points_in_source
from vection.geometry.plane import height_above, lower_points, plane_inverse_depth, ransac_plane
from vection.geometry.resizing import image_pyramid
from vection.geometry.rigid import invert, transform_from_axis_angle
from vection.geometry.views import Views
from vection.losses.ground import ground_loss
from vection.losses.photometric import Target, minimum_reprojection, photometric_error
from vection.losses.scene_flow import (
    flow_discrepancy,
    motion_consistency_loss,
    motion_sparsity_loss,
    static_pixels,
)
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.methods.dynamo_depth_settings import ALL, DynamoDepthSettings, Released
from vection.methods.method import Progress
from vection.methods.monodepth2 import Monodepth2
from vection.methods.steps.dynamo_depth_loss import Predictions, compare_scale
from vection.networks.encoders.build import build_encoder
from vection.networks.motion.ego_motion import SeparateEgoMotion
from vection.networks.motion.scene_flow import RefinementDecoder, mean_step

Tensors = dict[str, Tensor]
Checkpoint = dict[str, Tensors] | None


def _image(tensor: Tensor) -> Tensor:
    return tensor.float() / 255


def _file(checkpoint: Checkpoint, prefix: str) -> Tensors:
    """The state dict of one of the release's files; the reference values hold all in one, with the file as prefix."""
    assert checkpoint is not None
    (whole,) = checkpoint.values()
    return {key.removeprefix(f"{prefix}."): value for key, value in whole.items() if key.startswith(f"{prefix}.")}


def _lite_mono(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    network, wide = (convert_checkpoint(checkpoint, size=size) for size in ((640, 192), (1024, 320)))
    assert isinstance(network, Monodepth2)
    assert isinstance(wide, Monodepth2)
    image = _image(inputs["image"])
    with torch.no_grad():
        features = network.depth_network.encoder(image)
        disparities, others = network.depth_network.decoder(features), wide.predict_disparities(image)
    outputs = {f"disp_{scale}": disparity for scale, disparity in enumerate(disparities)}
    outputs |= {f"alt_disp_{scale}": disparity for scale, disparity in enumerate(others)}
    outputs |= {f"feature_{scale}_mean": feature.mean(dim=(2, 3)) for scale, feature in enumerate(features)}
    return outputs | {f"feature_{s}_sample": feature[:, ::8, ::2, ::2] for s, feature in enumerate(features)}


SOURCES = ("prev", "next")
RELEASED = DynamoDepthSettings(
    depth_network="resnet18",
    pretrained=False,
    released=Released(
        flow_order="object-first",
        static="pixels",
        ground="disparity",
        consistency_min_disparity=0.03,
        plane_ridge=1e-6,
    ),
)
LIMITS = (RELEASED.min_depth, RELEASED.max_depth)
TERMS = {
    "photometric": "p_photo",
    "smoothness": "d_smooth",
    "ground": "d_ground",
    "flow_smoothness": "c_smooth",
    "consistency": "c_consistency",
    "sparsity": "m_sparsity",
    "mask_smoothness": "m_smooth",
}


def _transforms(inputs: Tensors, *, inverse: bool) -> Tensor:
    """T_source_to_target of both sources (batch source 4 4), or T_target_to_source."""
    found = [transform_from_axis_angle(inputs[f"axisangle_{name}"], inputs[f"translation_{name}"]) for name in SOURCES]
    return torch.stack([invert(T) if inverse else T for T in found], dim=1)


def _motion_nets(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    frames = [inputs[key] for key in ("image_prev", "image", "image_next") if key in inputs]
    if len(frames) == 2:
        frames = frames[::-1]  # the source comes first
    images = torch.cat([_image(frame) for frame in frames], dim=1)
    encoder = build_encoder("resnet18", images=len(frames)).eval()
    encoder.load_state_dict(encoder_state(_file(checkpoint, "motion_enc")))
    steps = inputs["translation_prev"].new_tensor([[-1.0, 1.0]]).expand(len(images), 2)
    ego = mean_step(_transforms(inputs, inverse=False), steps)
    outputs = {"ego_motion": ego}
    with torch.no_grad():
        features = encoder(images)
        for file, outputs_count, name in (("motion_dec", 3, "complete_flow"), ("motion_mask", 1, "motion_logit")):
            decoder = RefinementDecoder(encoder.channels, images=len(frames), outputs=outputs_count, scales=4)
            decoder.load_state_dict(refinement_state(_file(checkpoint, file)))
            outputs |= {f"{name}_{s}": field for s, field in enumerate(decoder(features, images, ego))}
    outputs["motion_mask_1"] = outputs["motion_logit_1"].sigmoid()
    return outputs | {f"feature_{i}_mean": feature.mean(dim=(2, 3)) for i, feature in enumerate(features)}


def _pose_net(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    network = SeparateEgoMotion("resnet18", pretrained=False).eval()
    network.encoder.load_state_dict(encoder_state(_file(checkpoint, "pose_enc")))
    network.decoder.load_state_dict(first_names_of_pose_decoder(_file(checkpoint, "pose_dec")))
    target, outputs = _image(inputs["image"]), {}
    for name in SOURCES:
        source = _image(inputs[f"image_{name}"])
        with torch.no_grad():
            pair = network(source, target, features=None, depth=target[:, :1])
            pose = network.decoder.all_poses([pair.feature])[:, 0]
        outputs |= {f"axisangle_{name}": pose[:, :3], f"translation_{name}": pose[:, 3:]}
        outputs[f"T_{name}"] = invert(pair.T_first_to_second)
    return outputs


def _grid(pixels: Tensor) -> Tensor:
    """Pixels as the release holds them, from -1 to 1."""
    height, width = pixels.shape[1:3]
    return pixels * 2 / pixels.new_tensor([width - 1, height - 1]) - 1


def _views(inputs: Tensors, target: Tensor) -> Views:
    sources = torch.stack([_image(inputs[f"image_{name}"]) for name in SOURCES], dim=1)
    return Views(target, sources, inputs["K"], torch.stack([inputs["K"]] * 2, dim=1))


def _warp(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    K, transforms = inputs["K"], _transforms(inputs, inverse=True)
    depth = disparity_to_depth(inputs["disp"], min_depth=LIMITS[0], max_depth=LIMITS[1])
    points = backproject(depth, K)
    steps = torch.stack([-inputs["time_step_prev"], inputs["time_step_next"]], dim=1)
    complete = inputs["complete_flow"][:, None] * steps[:, :, None, None, None]
    moving = inputs["motion_mask"]
    views = _views(inputs, _image(inputs["image_next"]))
    shown = {
        "phase1": explain(views, depth, transforms),
        "phase2": explain(views, depth, transforms, complete=complete),
        "code": explain(views, depth, transforms, complete=complete, moving=moving, order="object-first"),
        "paper": explain(views, depth, transforms, complete=complete, moving=moving),
    }
    outputs = {"depth": depth}
    for index, name in enumerate(SOURCES):
        T, flow = transforms[:, index], complete[:, index]
        ego = ego_flow(points, T)
        own = object_flow(flow, ego, moving)
        outputs |= {f"T_{name}": T, f"F_R_{name}": ego, f"F_I_{name}": own}
        outputs[f"grid_rigid_{name}"] = _grid(project(points_in_source(points, T, None), K))
        outputs[f"grid_complete_{name}"] = _grid(project(points + flow, K))
        outputs[f"code.grid_{name}"] = _grid(project(points_in_source(points, T, own, order="object-first"), K))
        outputs[f"paper.grid_{name}"] = _grid(project(points_in_source(points, T, own), K))
        outputs |= {f"{label}.warped_{name}": one.warped[:, index] for label, one in shown.items()}
    return outputs


def _losses(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    free = {key: inputs[key].clone().requires_grad_() for key in inputs if inputs[key].is_floating_point()}
    image = _image(inputs["target"])
    views = torch.stack([free[f"pred_{name}"] for name in SOURCES], dim=1)
    target = Target.of(image)
    errors = photometric_error(views, target)
    residual = torch.stack([free[f"residual_flow_{name}"] for name in SOURCES], dim=1)
    logit, disparity, plane = free["motion_logit"], free["disp"], inputs["plane"][:, :, 0]
    grids = torch.stack([inputs[f"grid_complete_{name}"] for name in SOURCES], dim=1)
    squared = (grids - inputs["grid_rigid"][:, None]).square().sum(dim=-1)
    static = {"": static_pixels(squared, threshold="batch"), "paper.": static_pixels(flow_discrepancy(residual))}
    near = disparity > RELEASED.released.consistency_min_disparity
    terms = {
        "photometric": minimum_reprojection(errors).error.mean(),
        "smoothness": edge_aware_smoothness_loss(normalise_by_mean(disparity), image),
        "flow_smoothness": edge_aware_smoothness_loss(free["complete_flow"], image),
        "consistency": motion_consistency_loss(residual, logit.sigmoid(), counted=near),
        "sparsity": motion_sparsity_loss(logit, static[""]),
        "mask_smoothness": edge_aware_smoothness_loss(logit.sigmoid(), image),
        "ground": ground_loss(disparity, plane, inputs["K"], width=image.shape[-1], limits=LIMITS, form="disparity"),
    }
    outputs = {TERMS[key]: value for key, value in terms.items()}
    for key, value in terms.items():
        names = [name for name, tensor in free.items() if tensor.requires_grad]
        gradients = torch.autograd.grad(value, [free[name] for name in names], retain_graph=True, allow_unused=True)
        found = zip(names, gradients, strict=True)
        outputs |= {f"{TERMS[key]}.grad_{name}": one for name, one in found if one is not None}
    weights = RELEASED.weights(ALL)
    outputs["total"] = torch.stack([weights[key] * value for key, value in terms.items()]).sum()
    ground = plane_inverse_depth(plane, inputs["K"], height=image.shape[-2], width=image.shape[-1])
    outputs["ground_depth"] = 1 / ground.clamp(min=1 / RELEASED.max_depth)
    for index, name in enumerate(SOURCES):
        outputs[f"reprojection_{name}"] = errors[:, index, None]
        outputs |= {f"{key}static_{name}": one[:, index, None].to(torch.uint8) for key, one in static.items()}
    outputs["paper.c_consistency"] = motion_consistency_loss(residual, logit.sigmoid())
    outputs["paper.m_sparsity"] = motion_sparsity_loss(logit, static["paper."])
    unwarped = photometric_error(views.roll(1, dims=-1), target)
    masked = minimum_reprojection(errors, unwarped)
    outputs |= {"automask.p_photo": masked.error.mean(), "automask.kept": masked.selected.to(torch.uint8)}
    return {key: value.detach() for key, value in outputs.items()}


def _total_loss(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    kinds = ("disp", "complete_flow", "motion_logit")
    poses = [f"{kind}_{name}" for kind in ("axisangle", "translation") for name in SOURCES]
    free = {
        key: inputs[key].clone().requires_grad_() for key in inputs if key.rsplit("_", 1)[0] in kinds or key in poses
    }
    scales = sum(key.startswith("disp_") for key in inputs)
    disparities, flows, logits = ([free[f"{kind}_{s}"] for s in range(scales)] for kind in kinds)
    steps = inputs["K"].new_tensor([[-1.0, 1.0]]).expand(len(inputs["K"]), 2)
    predicted = Predictions(disparities, _transforms(free, inverse=True), steps, flows, logits)
    target = _image(inputs["image"])
    images = image_pyramid(target, scales)
    # The release ramps over a third of an epoch of 8000 steps.
    ramp = Progress(step=3 * int(inputs["step"])).ramp(8000)
    weights = RELEASED.weights(ALL, ramp=ramp)
    terms = [
        compare_scale(
            predicted,
            scale,
            views=_views(inputs, target),
            target=Target.of(target),
            image=image,
            unwarped=None,
            plane=inputs["plane"][:, :, 0],
            usable=None,
            settings=RELEASED,
        )
        for scale, image in enumerate(images)
    ]
    totals = [torch.stack([weights[key] * value for key, value in one.items()]).sum() for one in terms]
    total = torch.stack(totals).mean()
    total.backward()
    outputs = {f"grad.{key}": tensor.grad for key, tensor in free.items() if tensor.grad is not None}
    outputs |= {f"scale_{scale}": value.detach() for scale, value in enumerate(totals)}
    outputs |= {f"image_{scale}": image for scale, image in enumerate(images)}
    outputs |= {f"term.{TERMS[key]}": torch.stack([one[key].detach() for one in terms]).sum() for key in weights}
    outputs |= {f"coefficient.{TERMS[key]}": torch.tensor(value) for key, value in weights.items()}
    return outputs | {"total": total.detach()}


def _ground_plane(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    disparity, K, samples = inputs["disp"], inputs["K"], inputs["indices"]
    height, width = disparity.shape[-2:]
    points = backproject(disparity_to_depth(disparity, min_depth=LIMITS[0], max_depth=LIMITS[1]), K)
    candidates = lower_points(points, share=0.4)
    found = ransac_plane(candidates, samples, ridge=RELEASED.released.plane_ridge)
    exact = ransac_plane(candidates, samples)
    ground = plane_inverse_depth(found.plane, K, height=height, width=width).clamp(min=1 / LIMITS[1])
    return {
        "points": points,
        "hypotheses": found.hypotheses,
        "hypotheses_exact": exact.hypotheses,
        "inlier_fraction": found.inlier_share,
        "best": found.best.int(),
        "plane": found.plane,
        "distance": height_above(found.plane, points),
        "ground_depth": 1 / ground,
        "ground_disp": inverse_depth_to_disparity(ground, min_depth=LIMITS[0], max_depth=LIMITS[1]),
    }


CASES: dict[str, Callable[[Tensors, Checkpoint], Tensors]] = {
    "lite_mono_depth_tiny": _lite_mono,
    "lite_mono_depth_small": _lite_mono,
    "lite_mono_depth_base": _lite_mono,
    "lite_mono_depth_8m": _lite_mono,
    "dynamo_motion_nets": _motion_nets,
    "dynamo_motion_nets_2image": _motion_nets,
    "dynamo_pose_net": _pose_net,
    "dynamo_warp": _warp,
    "dynamo_losses": _losses,
    "dynamo_total_loss": _total_loss,
    "dynamo_ground_plane": _ground_plane,
}
