"""Reference values of motion_field: see `cases.py`."""

from collections.abc import Callable

import torch
from tests.parity import motion_field_loss_cases
from tests.parity.motion_field_loss_cases import Checkpoint, Tensors, as_float, free_copies, gradient_of, released_terms
from torch import Tensor

from vection.foreign_weights.layouts import convert_checkpoint
from vection.foreign_weights.motion_field import camera_state, depth_state, motion_state
from vection.geometry.camera import backproject
from vection.geometry.pairs import by_sample, halve_intrinsics
from vection.geometry.rigid import euler_from_rotation
from vection.geometry.vector_fields import exceeds_mean
from vection.methods.method import Progress
from vection.methods.motion_field import MotionField, loss_terms
from vection.methods.motion_field_settings import MotionFieldSettings
from vection.networks.cameras import PredictedCameras
from vection.networks.depth.softplus_depth import SoftplusDepth
from vection.networks.encoders.randomised_norm import noise_deviation, normalise
from vection.networks.motion.motion_field import MotionFieldNet, cameras_of_videos
from vection.samples import Batch


def _depth_net(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    state = depth_state(checkpoint["checkpoint"])
    network, reflecting = (SoftplusDepth(padding="tensorflow", border=border).eval() for border in ("zeros", "reflect"))
    outputs: Tensors = {}
    with torch.no_grad():
        for key, one in (("depth", network), ("depth_reflect", reflecting)):
            one.load_state_dict(state)
            outputs[key] = one(as_float(inputs["image"]))
        features = network.encoder(as_float(inputs["image"]))
    outputs |= {f"skip{i}_mean": feature.mean(dim=(2, 3)) for i, feature in enumerate(features, start=1)}
    return outputs | {"skip1_sample": features[0][:, ::8, ::4, ::4], "bottleneck_sample": features[-1][:, ::8]}


def _randomised_norm(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    outputs: Tensors = {}
    for label, noise in (("train", (inputs["noise_mean"], inputs["noise_var"])), ("eval", None)):
        free = free_copies(inputs, "x", "gamma", "beta")
        y = normalise(free["x"], free["gamma"], free["beta"], noise=noise)
        (y * inputs["cotangent"]).sum().backward()
        outputs[f"y_{label}"] = y.detach()
        outputs |= {f"grad_{name}_{label}": tensor.grad for name, tensor in free.items() if tensor.grad is not None}
    ramp = MotionFieldSettings().noise_ramp
    deviations = [noise_deviation(Progress(step=int(step)).ramp(ramp)) for step in inputs["steps"]]
    return outputs | {"stddev_at_step": torch.tensor(deviations)}


def _motion_net(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    state = checkpoint["checkpoint"]
    a, b = (torch.cat([as_float(inputs[f"rgb_{frame}"]), inputs[f"depth_{frame}"]], dim=1) for frame in "ab")
    network = MotionFieldNet(padding="tensorflow").eval()
    other = MotionFieldNet(padding="tensorflow", upsampling="corners-not-aligned").eval()
    cameras = PredictedCameras(network.feature_channels)
    cameras.load_state_dict(camera_state(state))
    with torch.no_grad():
        for one in (network, other):
            one.load_state_dict(motion_state(state))
        found = network(a, b)
        mask, threshold = exceeds_mean(found.residual, coupling="whole-batch")
        return {
            "rotation": found.angles,
            "background_translation": found.background,
            "residual": found.residual,
            "auto_mask": mask.to(torch.uint8),
            "auto_mask_threshold": threshold,
            "intrinsics": cameras(found.feature, height=a.shape[2], width=a.shape[3]),
            "residual_half_pixel_sample": other(a, b).residual[:, :, ::2, ::2],
            "burnin_weight": torch.tensor([_burn_in(int(step)) for step in inputs["steps"]]),
        }


def _burn_in(step: int) -> float:
    return MotionFieldSettings().burn_in_weight(Progress(step=step))


def _intrinsics(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    cameras = PredictedCameras(inputs["bottleneck"].shape[1])
    cameras.load_state_dict(
        {
            "focal.weight": inputs["foci_weight"][:, :, None, None],
            "focal.bias": inputs["foci_bias"],
            "centre.weight": inputs["offset_weight"][:, :, None, None],
        }
    )
    height, width = inputs["image_size"].tolist()
    with torch.no_grad():
        K = cameras(inputs["bottleneck"][:, :, None, None], height=height, width=width)
    # K^-1 (0, 0, 1), K^-1 (1, 0, 1) and K^-1 (0, 1, 1) are the points of depth 1 behind three pixels.
    corner = backproject(torch.ones(len(K), 1, 2, 2), K)
    origin = corner[:, :, 0, 0]
    inverse = torch.stack([corner[:, :, 0, 1] - origin, corner[:, :, 1, 0] - origin, origin], dim=2)
    table = inputs["video_table"][inputs["video_index"].long()]
    halved = halve_intrinsics(K, exact_centres=False)
    return {
        "K": K,
        "K_inv": inverse,
        "K_pair_mean": by_sample(K, len(K) // 2).unflatten(0, (-1, 2)).mean(dim=1),
        "K_half_1": halved,
        "K_half_2": halve_intrinsics(halved, exact_centres=False),
        "K_video": cameras_of_videos(table, height=height, width=width),
    }


def _full_model(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    assert checkpoint is not None
    variables = checkpoint["checkpoint"]
    method = convert_checkpoint(checkpoint)
    assert isinstance(method, MotionField)
    a, b, K = as_float(inputs["rgb_a"]), as_float(inputs["rgb_b"])[:, None], inputs["K"]
    batch = Batch(
        target=a,
        sources=b,
        target_jittered=a,
        sources_jittered=b,
        intrinsics=K,
        source_intrinsics=K[:, None],
        seconds=torch.full(b.shape[:2], 0.1),
        stored_to_image=torch.eye(3).expand_as(K),
    )
    pairs = method.predict_pairs(batch, Progress(step=int(inputs["step"])))
    outputs = released_terms(loss_terms(pairs, method.settings))
    outputs["total"].backward()
    return outputs | {
        "grad_norm_per_variable": _gradient_norms(method, variables),
        "grad_global_norm": torch.nn.utils.get_total_norm([p.grad for p in method.parameters() if p.grad is not None]),
        "depth_a": pairs.depth.chunk(2)[0],
        "depth_b": pairs.depth.chunk(2)[1],
        "rotation_ab": euler_from_rotation(pairs.rotation.chunk(2)[0]),
        "rotation_ba": euler_from_rotation(pairs.rotation.chunk(2)[1]),
        "residual_ab_sample": pairs.residual.chunk(2)[0][:, :, ::2, ::2],
    }


def _gradient_norms(method: MotionField, variables: Tensors) -> Tensor:
    """In the order of the released code's variables, without those of the unused camera head."""
    numbers = {name: torch.tensor(float(number)) for number, name in enumerate(variables)}
    parts = ((method.depth_network, depth_state(numbers)), (method.motion_network, motion_state(numbers)))
    norms = {
        int(number): gradient_of(part.get_parameter(name)).norm()
        for part, names in parts
        for name, number in names.items()
    }
    return torch.stack([norms[number] for number in sorted(norms)])


CASES: dict[str, Callable[[Tensors, Checkpoint], Tensors]] = {
    **motion_field_loss_cases.CASES,
    "li_depth_net": _depth_net,
    "li_randomized_layer_norm": _randomised_norm,
    "li_motion_net": _motion_net,
    "li_intrinsics": _intrinsics,
    "li_full_model": _full_model,
}
