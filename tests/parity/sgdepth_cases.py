"""Reference values of sgdepth: see `cases.py`."""

from collections.abc import Callable

import torch
from torch import Tensor

from vection.foreign_weights.layouts import convert_checkpoint
from vection.geometry.camera import disparity_to_depth
from vection.geometry.rigid import invert
from vection.geometry.views import Views
from vection.losses.segmentation import weighted_cross_entropy
from vection.methods.sgdepth import SgDepth, depth_losses
from vection.methods.sgdepth_settings import AS_RELEASED, SgDepthSettings
from vection.methods.steps.dynamic_classes import dynamic_overlap, is_dynamic, pixels_to_learn
from vection.methods.steps.overlap_log import overlap_threshold, unmasked_share
from vection.networks.depth.gradient_scaling import scale_gradients

Tensors = dict[str, Tensor]
Checkpoint = dict[str, Tensors] | None

NEIGHBOURS = ("m1", "p1")


def _image(tensor: Tensor) -> Tensor:
    return tensor.float() / 255


def _views(inputs: Tensors, frames: dict[str, Tensor]) -> Views:
    intrinsics = inputs["K"][:, :3, :3]
    sources = torch.stack([frames[name] for name in NEIGHBOURS], dim=1)
    return Views(frames["0"], sources, intrinsics, torch.stack([intrinsics] * 2, dim=1))


def _network(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    method = convert_checkpoint(checkpoint)
    assert isinstance(method, SgDepth)
    assert method.segmentation_decoder is not None
    frames = {name: _image(inputs[f"frame_{name}_u8"]) for name in ("0", *NEIGHBOURS)}
    with torch.no_grad():
        features = method.shared(frames["0"])
        disparities, scores = method.depth_network.decoder(features), method.segmentation_decoder(features)
        past, future = (
            method.predict_motion(frames[first], frames[second]).ego for first, second in (("m1", "0"), ("0", "p1"))
        )
    leading, following = scores.topk(2, dim=1).values.unbind(1)
    stride = scores.shape[-1] // 32  # a sample of the scores is stored, 32 columns wide
    return {
        **{f"disp_{scale}": disparity for scale, disparity in enumerate(disparities)},
        "logits_strided": scores[..., ::stride, ::stride],
        "logits_mean": scores.mean(dim=(2, 3)),
        "logits_argmax": scores.argmax(dim=1).to(torch.uint8),
        "logits_argmax_certain": (leading - following > 0.001).to(torch.uint8),
        "T_0_to_m1": invert(past),
        "T_0_to_p1": future,
    }


def _gradient_scaling(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    outputs: Tensors = {}
    for label, scales in (("d0p9_s0p1", (0.9, 0.1)), ("d1_s0", (1.0, 0.0)), ("d0p5_s0p5", (0.5, 0.5))):
        for counted in ("depth", "seg", "both"):
            computed = _scaled_gradients(inputs, checkpoint["model.pth"], scales=scales, counted=counted)
            outputs["loss_depth_seg"] = computed.pop("loss_depth_seg")
            outputs |= {f"{label}.{counted}.{key}": value for key, value in computed.items()}
    return outputs


GRADIENTS = {
    "common.decoder.blocks.step_0.conv.bias": "depth_network.encoder.first.conv.bias",
    "common.encoder.encoder.conv1.weight": "depth_network.encoder.encoder.conv1.weight",
    "common.encoder.encoder.layer4.1.bn2.bias": "depth_network.encoder.encoder.layer4.1.bn2.bias",
    "common.encoder.encoder.layer2.0.bn1.weight": "depth_network.encoder.encoder.layer2.0.bn1.weight",
    "depth.multires.convs.0.bias": "depth_network.decoder.heads.0.bias",
    "depth.decoder.blocks.step_1.conv.bias": "depth_network.decoder.after_skip.0.conv.bias",
    "seg.multires.convs.0.bias": "segmentation_decoder.head.bias",
    "seg.decoder.blocks.step_1.conv.bias": "segmentation_decoder.after_skip.0.conv.bias",
}


def _scaled_gradients(inputs: Tensors, state: Tensors, *, scales: tuple[float, float], counted: str) -> Tensors:
    method = convert_checkpoint({"model.pth": state})
    assert isinstance(method, SgDepth)
    assert method.segmentation_decoder is not None
    features = method.shared(_image(inputs["image_u8"]))
    for feature in features:
        feature.retain_grad()
    disparities = method.depth_network.decoder(scale_gradients(features, scales[0]))
    scores = method.segmentation_decoder(scale_gradients(features, scales[1]))
    depth = torch.stack([disparity.square().mean() for disparity in disparities]).sum()
    segmentation = scores.square().sum(dim=1).mean()
    {"depth": depth, "seg": segmentation, "both": depth + segmentation}[counted].backward()
    parameters = dict(method.named_parameters())
    # The first convolution's output, then the skip features, coarse to fine.
    outputs = {
        "loss_depth_seg": torch.stack([depth, segmentation]).detach(),
        "shared_tensor_grad_norms": torch.stack([f.grad.norm() for f in features[::-1] if f.grad is not None]),
    }
    for key, own in GRADIENTS.items():
        gradient = parameters[own].grad
        outputs[f"grad.{key}"] = torch.zeros_like(parameters[own]) if gradient is None else gradient
    return outputs


def _moving_mask(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    classes = inputs["segmentation_0"][:, None]
    source_classes = torch.stack([inputs[f"segmentation_{name}"] for name in NEIGHBOURS], dim=1)
    blank = torch.zeros(*classes.shape[:1], 3, *classes.shape[2:])
    views = _views(inputs, dict.fromkeys(("0", *NEIGHBOURS), blank))
    transforms = torch.stack([inputs[f"T_0_to_{name}"] for name in NEIGHBOURS], dim=1)
    depth = disparity_to_depth(inputs["disp"], min_depth=0.1, max_depth=100.0)
    warped = views.synthesise_classes(source_classes, depth, transforms)
    target, others = is_dynamic(classes), is_dynamic(warped)
    pooled = dynamic_overlap(target, others, combine="pooled")
    single = [dynamic_overlap(target, others[:, source : source + 1]) for source in range(2)]
    outputs = {
        "segmentation_warped_m1": warped[:, 0],
        "segmentation_warped_p1": warped[:, 1],
        "iou_pooled": pooled,
        "iou_per_neighbour": torch.stack(single, dim=1),
        "iou_mean_of_two": dynamic_overlap(target, others),
    }
    for label, threshold in (("0p0", 0.0), ("0p35", 0.35), ("0p7", 0.7), ("1p0", 1.0)):
        mask = pixels_to_learn(target, others, pooled, threshold=torch.tensor(threshold))
        outputs[f"mask_threshold_{label}"] = mask[:, 0].to(torch.uint8)
    shares = [unmasked_share(epoch, begin=15, epochs=20) for epoch in range(16, 21)]
    logged = inputs["iou_log_f64"]
    outputs["code_threshold_after_epochs_15_to_19"] = torch.stack(
        [overlap_threshold(logged, share, as_released=True) for share in shares]
    )
    outputs["code_threshold_fixed_10_percent"] = overlap_threshold(logged, 0.9, as_released=True)[None]
    return outputs


def _cross_entropy(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    scores = inputs["logits"].clone().requires_grad_()
    loss = weighted_cross_entropy(
        scores, inputs["labels"][:, None], weights=inputs["class_weights"], average=AS_RELEASED.class_average
    )
    loss.backward()
    assert scores.grad is not None
    return {"loss": loss.detach()[None], "grad_logits": scores.grad}


def _masked_loss(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    learned = inputs["moving_mask"][:, None] > 0
    outputs: Tensors = {}
    for label, mask, reprojection in (
        ("masked", learned, "minimum"),
        ("unmasked", None, "minimum"),
        ("masked_avg", learned, "average"),
    ):
        settings = SgDepthSettings(reprojection=reprojection, released=AS_RELEASED)  # type: ignore[arg-type]
        names = [*(f"disp_{scale}" for scale in range(settings.scales)), *(f"T_0_to_{name}" for name in NEIGHBOURS)]
        free = {name: inputs[name].clone().requires_grad_() for name in names}
        frames = {name: _image(inputs[f"frame_{name}_u8"]) for name in ("0", *NEIGHBOURS)}
        views = _views(inputs, frames)
        disparities = [free[f"disp_{scale}"] for scale in range(settings.scales)]
        transforms = torch.stack([free[f"T_0_to_{name}"] for name in NEIGHBOURS], dim=1)
        losses = depth_losses(
            disparities, transforms, views, settings=settings, comparison=settings.comparison(), learned=mask
        )
        photometric, smoothness = (torch.stack(parts) for parts in zip(*losses, strict=True))
        total = (photometric + smoothness).mean()
        total.backward()
        outputs |= {
            f"{label}.loss": total.detach()[None],
            f"{label}.loss_per_scale": (photometric + smoothness).detach(),
            f"{label}.smooth_per_scale": smoothness.detach(),
            **{f"{label}.grad_{name}": tensor.grad for name, tensor in free.items() if tensor.grad is not None},
        }
    depth = disparity_to_depth(inputs["disp_0"], min_depth=settings.min_depth, max_depth=settings.max_depth)
    outputs["warped_m1_scale0"] = views.synthesise(depth, transforms.detach())[:1, 0]
    return outputs


CASES: dict[str, Callable[[Tensors, Checkpoint], Tensors]] = {
    "sg_depth_seg_net": _network,
    "sg_grad_scaling": _gradient_scaling,
    "sg_moving_mask": _moving_mask,
    "sg_ce_loss": _cross_entropy,
    "sg_masked_photometric_loss": _masked_loss,
}
