"""A training step of Monodepth2 against its plain formulation, alternately in one process; prints ratios.

    OMP_NUM_THREADS=1 python benchmarks/training_step.py

The plain formulation has the same networks and the same loss value, written as the paper states it: SSIM by pooling and
autograd, the unwarped errors anew at every scale, a pose pass for each source, float32, default memory layout.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from time import perf_counter, process_time

import torch
import tyro
from torch import Tensor
from torch.nn import functional

from vection.geometry.camera import disparity_to_depth
from vection.geometry.rigid import invert
from vection.geometry.warp import warp
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.methods.method import Progress
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.samples import Batch


@dataclass(frozen=True)
class Arguments:
    """Time a step of ResNet-18 at the paper's size."""

    height: int = 192
    width: int = 640
    batch: int = 2
    runs: int = 5
    device: str = "cuda" if torch.cuda.is_available() else "cpu"


def main(arguments: Arguments) -> None:
    """Print the table."""
    batch = random_batch(arguments)
    settings = Monodepth2Settings(pretrained=False, tie_break_noise=0.0)
    plain = Monodepth2(settings).to(arguments.device)
    ours = Monodepth2(settings).to(arguments.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    ours.load_state_dict(plain.state_dict())
    check_equal(plain, ours, batch)
    steps: dict[str, Callable[[], Tensor]] = {
        "plain, float32": make_step(plain, lambda: plain_loss(plain, batch)),
        "vection, float32": make_step(ours, lambda: total(ours, batch)),
        "vection, bfloat16 networks": make_step(ours, lambda: total(ours, batch), autocast=arguments.device),
    }
    memory = {name: saved_bytes(step) for name, step in steps.items()}
    wall: dict[str, list[float]] = {name: [] for name in steps}
    cpu: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(arguments.runs):
        for name, step in steps.items():
            began, began_cpu = perf_counter(), process_time()
            float(step())  # reading the loss waits for the device
            wall[name].append(perf_counter() - began)
            cpu[name].append(process_time() - began_cpu)
    first = next(iter(steps))
    size = f"{arguments.width}x{arguments.height}, batch {arguments.batch}"
    print(f"{size}, {torch.get_num_threads()} threads, {arguments.device}")
    print("| step | seconds | ratio of time | ratio of CPU time | kept for backward, MiB |\n|---|---|---|---|---|")
    for name in steps:
        ratio = statistics.median(a / b for a, b in zip(wall[first], wall[name], strict=True))
        ratio_cpu = statistics.median(a / b for a, b in zip(cpu[first], cpu[name], strict=True))
        seconds = statistics.median(wall[name])
        print(f"| {name} | {seconds:.2f} | {ratio:.2f} | {ratio_cpu:.2f} | {memory[name] / 2**20:.0f} |")


@torch.no_grad()
def check_equal(plain: Monodepth2, ours: Monodepth2, batch: Batch) -> None:
    """Stop unless both formulations give the same loss (with running statistics: passes are batched differently)."""
    torch.testing.assert_close(total(ours.eval(), batch), plain_loss(plain.eval(), batch), rtol=1e-4, atol=1e-6)
    plain.train()
    ours.train()


def make_step(method: Monodepth2, loss: Callable[[], Tensor], *, autocast: str | None = None) -> Callable[[], Tensor]:
    """Forward, backward and an optimiser step."""
    optimiser = torch.optim.Adam(method.parameters(), 1e-4, fused=autocast is not None)

    def step() -> Tensor:
        precision: AbstractContextManager = nullcontext()
        if autocast is not None:
            precision = torch.autocast(autocast, dtype=torch.bfloat16)
        with precision:
            value = loss()
        value.backward()
        optimiser.step()
        optimiser.zero_grad()
        return value.detach()

    return step


def total(method: Monodepth2, batch: Batch) -> Tensor:
    """The library's loss."""
    return torch.stack(list(method.training_loss(batch, Progress()).values())).sum()


def plain_loss(method: Monodepth2, batch: Batch) -> Tensor:
    """The paper's loss as stated, one scale and one source at a time."""
    settings = method.settings
    disparities = method.predict_disparities(batch.target_jittered)
    poses = [pose(method, batch, index) for index in range(batch.sources.shape[1])]
    losses = []
    for scale, disparity in enumerate(disparities):
        full = functional.interpolate(disparity, batch.target.shape[-2:], mode="bilinear", align_corners=False)
        depth = disparity_to_depth(full, min_depth=settings.min_depth, max_depth=settings.max_depth)
        errors = []
        for index, T_target_to_source in enumerate(poses):
            source = batch.sources[:, index]
            warped = warp(
                source,
                depth,
                T_target_to_source,
                intrinsics=batch.intrinsics,
                source_intrinsics=batch.source_intrinsics[:, index],
            )
            errors += [plain_error(warped, batch.target), plain_error(source, batch.target)]
        image = functional.avg_pool2d(batch.target, 2**scale) if scale else batch.target
        smoothness = edge_aware_smoothness_loss(normalise_by_mean(disparity), image)
        losses.append(torch.cat(errors, 1).amin(1).mean() + settings.smoothness_weight / 2**scale * smoothness)
    return torch.stack(losses).mean()


def pose(method: Monodepth2, batch: Batch, index: int) -> Tensor:
    """T_target_to_source by a pass of the pose network of its own."""
    assert method.ego_motion is not None
    target, source = batch.target_jittered, batch.sources_jittered[:, index]
    past = bool(batch.seconds[0, index] < 0)
    first, second = (source, target) if past else (target, source)
    pair = method.ego_motion(first, second, features=None, depth=torch.ones_like(target[:, :1]))
    return invert(pair.T_first_to_second) if past else pair.T_first_to_second


def plain_error(image: Tensor, target: Tensor) -> Tensor:
    """0.85 SSIM + 0.15 L1 by average pooling."""
    x, y = (functional.pad(i, (1, 1, 1, 1), mode="reflect") for i in (image, target))
    mx, my = functional.avg_pool2d(x, 3, 1), functional.avg_pool2d(y, 3, 1)
    vx, vy = functional.avg_pool2d(x * x, 3, 1) - mx * mx, functional.avg_pool2d(y * y, 3, 1) - my * my
    covariance = functional.avg_pool2d(x * y, 3, 1) - mx * my
    ssim = (2 * mx * my + 1e-4) * (2 * covariance + 9e-4) / ((mx * mx + my * my + 1e-4) * (vx + vy + 9e-4))
    error = 0.85 * ((1 - ssim) / 2).clamp(0, 1) + 0.15 * (image - target).abs()
    return error.mean(1, keepdim=True)


def saved_bytes(step: Callable[[], Tensor]) -> int:
    """Bytes of distinct tensors that autograd keeps for the backward pass (parameters included)."""
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        step()
    return sum(kept.values())


def random_batch(arguments: Arguments) -> Batch:
    """A smooth random scene, shifted between frames."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(arguments.batch, 3, arguments.height // 8, arguments.width // 8 + 2, generator=generator)
    wide = functional.interpolate(coarse, scale_factor=8, mode="bicubic").clamp(0, 1)
    frames = [wide[..., shift : shift + arguments.width] for shift in (8, 6, 10)]
    fx, fy = 0.58 * arguments.width, 1.92 * arguments.height
    camera = torch.tensor([[fx, 0, arguments.width / 2], [0, fy, arguments.height / 2], [0, 0, 1]])
    K = camera.repeat(arguments.batch, 1, 1)
    batch = Batch(
        target=frames[0],
        sources=torch.stack(frames[1:], 1),
        target_jittered=frames[0],
        sources_jittered=torch.stack(frames[1:], 1),
        intrinsics=K,
        source_intrinsics=torch.stack([K, K], 1),
        seconds=torch.tensor([[-0.1, 0.1]]).repeat(arguments.batch, 1),
        stored_to_image=torch.eye(3).repeat(arguments.batch, 1, 1),
    )
    return batch.to(arguments.device)


if __name__ == "__main__":
    main(tyro.cli(Arguments))
