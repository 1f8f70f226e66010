"""Reference values of motion_field's geometry and losses: see `cases.py`."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from vection.geometry.motion import Moved, clamp_to_image, move
from vection.geometry.pairs import Pairs, both_ways
from vection.geometry.rigid import euler_from_rotation, invert, make_transform, rotation_from_euler
from vection.geometry.warp import sample
from vection.losses.motion_cycle import rotation_cycle_loss, translation_cycle_loss
from vection.losses.motion_regularisation import (
    group_smoothness_loss,
    relative_motion,
    sparsity_loss,
)
from vection.losses.rgbd_consistency import rgbd_consistency
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.losses.weighted_ssim import weighted_ssim_error
from vection.methods.motion_field import loss_terms
from vection.methods.motion_field_settings import MotionFieldSettings, Released

Tensors = dict[str, Tensor]
Checkpoint = dict[str, Tensors] | None


def as_float(tensor: Tensor) -> Tensor:
    return tensor.float() / 255


def free_copies(inputs: Tensors, *names: str) -> Tensors:
    return {name: inputs[name].clone().requires_grad_() for name in names}


def gradient_of(tensor: Tensor) -> Tensor:
    assert tensor.grad is not None
    return tensor.grad


def _warp(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    free = free_copies(inputs, "depth", "rotation", "translation_field")
    K = {"intrinsics": inputs["K"], "second_intrinsics": inputs["K"]}
    R = rotation_from_euler(free["rotation"])
    field = move(free["depth"], R, free["translation_field"], **K)
    x, y = field.pixels[:, None].unbind(-1)
    (x * inputs["cot_x"] + y * inputs["cot_y"] + field.depth * inputs["cot_z"]).sum().backward()
    everywhere = inputs["translation"][:, :, None, None].expand_as(inputs["translation_field"])
    rotation, depth = R.detach(), inputs["depth"]
    back = invert(make_transform(rotation, inputs["translation"]))
    outputs = _positions(field, "field") | _positions(move(depth, rotation, everywhere, **K), "global")
    outputs |= _positions(move(depth, rotation, everywhere, distortion=inputs["distortion"], **K), "distorted")
    return outputs | {
        "field.grad_depth": gradient_of(free["depth"]),
        "field.grad_translation_field": gradient_of(free["translation_field"]),
        "field.grad_rotation": gradient_of(free["rotation"]),
        "R": rotation,
        "angles_from_R": euler_from_rotation(rotation),
        "inverse_angles": euler_from_rotation(back[:, :3, :3]),
        "inverse_translation": back[:, :3, 3],
    }


def _positions(moved: Moved, label: str) -> Tensors:
    x, y = moved.pixels.detach()[:, None].unbind(-1)
    named = {"pixel_x": x, "pixel_y": y, "depth": moved.depth.detach(), "mask": moved.valid.to(torch.uint8)}
    return {f"{label}.{key}": value for key, value in named.items()}


def _resample(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    free = free_copies(inputs, "data")
    height, width = inputs["data"].shape[-2:]
    pixels = torch.cat([inputs["x"], inputs["y"]], dim=1).permute(0, 2, 3, 1)
    clamped = clamp_to_image(pixels, height=height, width=width).requires_grad_()
    held = clamp_to_image(clamped, height=height, width=width, slope_at_centres=False)
    values = sample(free["data"], held)
    (values * inputs["cotangent"]).sum().backward()
    return {
        "zeros": sample(inputs["data"], pixels, padding="zeros"),
        "clamped": values.detach(),
        "clamped.grad_data": gradient_of(free["data"]),
        "clamped.grad_x": gradient_of(clamped)[None, ..., 0].transpose(0, 1),
        "clamped.grad_y": gradient_of(clamped)[None, ..., 1].transpose(0, 1),
    }


def _rgbd_consistency(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    free = free_copies(inputs, "pixel_x", "pixel_y", "depth1_in_2", "depth2")
    moved = _moved(free["pixel_x"], free["pixel_y"], inputs["mask"], depth=free["depth1_in_2"])
    image, second = as_float(inputs["rgb1"]), as_float(inputs["rgb2"])
    found = rgbd_consistency(image, moved, second_image=second, second_depth=free["depth2"])
    limited = rgbd_consistency(
        image, moved, second_image=second, second_depth=free["depth2"], usable=inputs["validity"].bool()
    )
    losses = {"depth_error": found.depth_loss, "rgb_error": found.colour_loss, "ssim_error": found.ssim_loss}
    error, weight = weighted_ssim_error(found.seen, image, found.proximity)
    usual, _ = weighted_ssim_error(found.seen, image, found.proximity, c1=1e-4, c2=9e-4)
    outputs = {
        "depth_proximity_weight": found.proximity,
        "frame1_closer": found.visible.to(torch.uint8),
        "ssim_map": error,
        "ssim_weight": weight,
        "ssim_default_c_mean": usual.mean(),
        "with_validity.depth_error": limited.depth_loss,
        "with_validity.rgb_error": limited.colour_loss,
        "with_validity.ssim_error": limited.ssim_loss,
    }
    names = {"pixel_x": "x", "pixel_y": "y", "depth1_in_2": "depth1", "depth2": "depth2"}
    for label, loss in losses.items():
        gradients = torch.autograd.grad(loss, list(free.values()), retain_graph=True, allow_unused=True)
        for name, gradient in zip(free, gradients, strict=True):
            if gradient is not None:
                outputs[f"grad_{label}.{names[name]}"] = gradient
    return {key: value.detach() for key, value in (losses | outputs).items()}


def _moved(x: Tensor, y: Tensor, mask: Tensor, *, depth: Tensor | None = None) -> Moved:
    return Moved(torch.cat([x, y], dim=1).permute(0, 2, 3, 1), torch.ones_like(x) if depth is None else depth, mask > 0)


def _motion_cycle(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    free = free_copies(inputs, "rotation1", "rotation2", "translation1", "translation2")
    rotations = rotation_from_euler(free["rotation1"]), rotation_from_euler(free["rotation2"])
    moved = _moved(inputs["pixel_x"], inputs["pixel_y"], inputs["mask"])
    fields = free["translation1"], free["translation2"]
    visible = inputs["mask"].bool()
    released = translation_cycle_loss(*fields, rotations, moved=moved, visible=visible, order="released")
    rotation = rotation_cycle_loss(*rotations)
    outputs = {
        "rotation_error": rotation,
        "translation_error": released,
        "translation_error_paper_order": translation_cycle_loss(*fields, rotations, moved=moved, visible=visible),
    }
    for label, loss in (("rotation_error", rotation), ("translation_error", released)):
        gradients = torch.autograd.grad(loss, list(free.values()), retain_graph=True, allow_unused=True)
        outputs |= {
            f"grad_{label}.{name}": grad for name, grad in zip(free, gradients, strict=True) if grad is not None
        }
    return {key: value.detach() for key, value in outputs.items()}


def _group_smoothness(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    outputs = _regulariser(inputs, group_smoothness_loss)
    relative = relative_motion(inputs["residual"], inputs["total"])
    return outputs | {
        "raw_wrap": group_smoothness_loss(inputs["residual"], wrap_around=True),
        "normalized_field": relative,
        "normalized_wrap": group_smoothness_loss(relative, wrap_around=True),
        "paper_sum_over_components": group_smoothness_loss(inputs["residual"], components="sum"),
    }


def _sqrt_sparsity(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    return _regulariser(inputs, sparsity_loss) | {
        "paper_sum_over_components": sparsity_loss(inputs["residual"], components="sum"),
        "l1_sum_over_components": sparsity_loss(inputs["residual"], "l1", components="sum"),
    }


def _regulariser(inputs: Tensors, loss: Callable[[Tensor], Tensor]) -> Tensors:
    free = free_copies(inputs, "residual", "total")
    raw, normalised = loss(free["residual"]), loss(relative_motion(free["residual"], free["total"]))
    (gradient,) = torch.autograd.grad(raw, free["residual"])
    of_residual, of_total = torch.autograd.grad(normalised, [free["residual"], free["total"]])
    return {
        "raw": raw.detach(),
        "raw.grad": gradient,
        "normalized": normalised.detach(),
        "normalized.grad_residual": of_residual,
        "normalized.grad_total": of_total,
    }


def _disparity_smoothness(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    depth = inputs["depth"].clone().requires_grad_()
    loss = edge_aware_smoothness_loss(normalise_by_mean(1 / depth), as_float(inputs["rgb"]))
    loss.backward()
    return {"loss": loss.detach(), "grad_depth": gradient_of(depth)}


RELEASED = MotionFieldSettings(
    pretrained=False,
    released=Released(padding="tensorflow", auto_mask="whole-batch", cycle_order="released"),
)
TERMS = {
    "rgb_consistency": "colour",
    "ssim": "ssim",
    "depth_consistency": "depth_consistency",
    "depth_smoothing": "depth_smoothness",
    "rotation_cycle_consistency": "rotation_cycle",
    "translation_cycle_consistency": "translation_cycle",
    "motion_smoothing": "motion_smoothness",
    "motion_drift": "motion_sparsity",
}
"""Terms by the released code's names; those that it has switched off and the library lacks are 0."""
OFF = ("depth_consistency", "depth_supervision", "depth_variance")


def released_terms(terms: Tensors) -> Tensors:
    outputs = {f"term.{name}": torch.zeros(()) for name in OFF}
    outputs |= {f"term.{name}": terms[own].detach() for name, own in TERMS.items() if own in terms}
    return outputs | {"total": torch.stack(list(terms.values())).sum()}


def _total_loss(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    names = [f"depth_{frame}" for frame in "ab"]
    names += [f"{part}_{way}" for part in ("rotation", "background", "residual") for way in ("ab", "ba")]
    free = free_copies(inputs, *names)
    both = {part: both_ways(free[f"{part}_ab"], free[f"{part}_ba"]) for part in ("rotation", "background", "residual")}
    pairs = Pairs(
        image=both_ways(as_float(inputs["rgb_a"]), as_float(inputs["rgb_b"])),
        depth=both_ways(free["depth_a"], free["depth_b"]),
        intrinsics=both_ways(inputs["K"], inputs["K"]),
        rotation=rotation_from_euler(both["rotation"]),
        background=both["background"],
        residual=both["residual"],
    )
    outputs = released_terms(loss_terms(pairs, RELEASED))
    gradients = torch.autograd.grad(outputs["total"], list(free.values()))
    outputs |= {f"grad.{name}": gradient for name, gradient in zip(free, gradients, strict=True)}
    scaled = loss_terms(pairs, replace(RELEASED, released=replace(RELEASED.released, scale_normalisation=True)))
    two = loss_terms(pairs, replace(RELEASED, scales=2, released=replace(RELEASED.released, exact_centres=False)))
    drifting = replace(
        RELEASED,
        sparsity_weight=0.0,
        depth_consistency_weight=0.05,
        released=replace(RELEASED.released, wrap_around=True),
    )
    no_drift = loss_terms(pairs, drifting)
    (of_depth,) = torch.autograd.grad(no_drift["depth_consistency"], free["depth_b"])
    return {key: value.detach() for key, value in outputs.items()} | {
        "total_scale_normalization": torch.stack(list(scaled.values())).sum(),
        "total_two_scales": torch.stack(list(two.values())).sum(),
        "no_drift.motion_smoothing": no_drift["motion_smoothness"],
        "no_drift.depth_consistency": no_drift["depth_consistency"],
        "no_drift.grad_depth_consistency.depth_b": of_depth,
    }


CASES: dict[str, Callable[[Tensors, Checkpoint], Tensors]] = {
    "li_warp": _warp,
    "li_resample": _resample,
    "li_rgbd_consistency": _rgbd_consistency,
    "li_motion_cycle": _motion_cycle,
    "li_group_smoothness": _group_smoothness,
    "li_sqrt_sparsity": _sqrt_sparsity,
    "li_disparity_smoothness": _disparity_smoothness,
    "li_total_loss": _total_loss,
}
