"""Why does a short training of Dynamo-Depth find so little of what moves? Depth and camera motion are given.

    python benchmarks/motion_mask_start.py --worlds runs/moving/worlds
    python benchmarks/motion_mask_start.py --worlds runs/moving/worlds --method.released.static pixels
    python benchmarks/motion_mask_start.py --worlds runs/moving/worlds --depth runs/demo/run --taught measured

The drives of `moving_objects.py`. With exact geometry, or the depth of a run, only complete flow and motion mask learn,
in the stages of the short recipe: an eighth of the steps the flow, a quarter the mask as well, then both at half the
rate. If the mask is good then, bad depth is to blame for what the whole method finds, else the training of both.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Literal

import numpy as np
import torch
import tyro
from torch import Tensor, nn
from torch.nn.functional import interpolate

from vection.data.sets.clip_dataset import ClipDataset
from vection.evaluation.objects.motion import MotionCurve, motion_curve
from vection.geometry.camera import inverse_depth_to_disparity
from vection.geometry.resizing import resize_like
from vection.methods.dynamo_depth import DynamoDepth
from vection.methods.dynamo_depth_settings import ALL, FLOW, MASK, DynamoDepthSettings
from vection.methods.method import Progress, changed
from vection.recipes.registry import get_recipe
from vection.runs.load import load_predictor
from vection.samples import Batch, Measured, RawSample, stack
from vection.training.augmentation.augment import augment
from vection.training.augmentation.settings import Augmentation

UNIT = 100.0
"""Metres of the truth in a unit of the networks' depth."""
SKY = 200.0
"""Metres."""
SHARES = {FLOW: 0.125, MASK: 0.375, ALL: 1.0}
"""Share of the steps that is done when a stage ends."""
PARTS = {FLOW: ("motion_encoder", "flow_decoder"), MASK: ("motion_encoder", "flow_decoder", "mask_decoder")}
_SHORT = get_recipe("dynamo-depth-synthetic").method


@dataclass(frozen=True)
class Arguments:
    """Train flow and mask, and print what the mask finds every few steps."""

    worlds: Path
    """The folder of `moving_objects.py`; its drives must be there."""
    depth: Path | None = None
    """A run whose depth is given instead of the true one."""
    taught: Literal["nothing", "measured", "truth"] = "nothing"
    """What the mask learns from beside the paper's losses: what was measured to stand still and move, or the truth."""
    steps: int = 200
    every: int = 100
    batch: int = 8
    learning_rate: float = 3e-4
    warm_up: float = 0.1
    """Share of a stage in which the learning rate rises."""
    seed: int = 0
    method: DynamoDepthSettings = _SHORT  # type: ignore[assignment]


class TrueGeometry(ClipDataset):
    """Clips whose measured geometry is the truth, in units of `UNIT`; what was measured to move if that is `taught`."""

    def __init__(self, root: Path, *, taught: str) -> None:
        super().__init__(root, use_measured=taught == "measured")
        self.taught = taught

    def __getitem__(self, index: int) -> RawSample:
        """Read a target and its sources."""
        sample, place = super().__getitem__(index), self._targets[index]
        info = self.clips[place.clip]
        truths = [info.read_truth(place.frame + offset) for offset in (0, *self.offsets)]
        poses = np.stack([truth.T_camera_to_world for truth in truths])
        transforms = np.linalg.inv(poses[1:]) @ poses[0]
        transforms[:, :3, 3] /= UNIT
        depth = np.where(truths[0].depth > 0, truths[0].depth, SKY) / UNIT
        flow = truths[0].object_flow
        assert flow is not None
        moving = torch.from_numpy((np.abs(flow).sum(axis=0 if flow.shape[0] == 3 else 2) > 0).astype(np.float32))
        weight = torch.ones_like(moving)[None, None]
        told = sample.measured
        return replace(
            sample,
            measured=Measured(
                depth=torch.from_numpy(depth.astype(np.float32))[None, None],
                weight=weight if told is None else told.weight,
                ground=torch.zeros(1, 3),
                T_target_to_source=torch.from_numpy(transforms.astype(np.float32))[None],
                motion_known=torch.ones(1, len(self.offsets), dtype=torch.bool),
                exact=torch.ones(1, dtype=torch.bool),
                moving=moving[None, None] if told is None else told.moving,
            ),
        )


class GivenDepth(nn.Module):
    """In the place of the depth network."""

    scales = 4

    def __init__(self, limits: tuple[float, float], *, run: Path | None) -> None:
        super().__init__()
        self.limits, self.depth = limits, torch.ones(1, 1, 1, 1)
        self.learned = None if run is None else load_predictor(run)

    def give(self, batch: Batch) -> None:
        """Take the true depth of a batch, or what was learned."""
        assert batch.measured is not None
        self.depth = batch.measured.depth
        if self.learned is not None:
            size = (self.learned.height, self.learned.width)
            image = interpolate(batch.target, size=size, mode="bilinear", align_corners=False)
            with torch.no_grad():
                self.depth = 1 / resize_like(1 / self.learned.method.predict_depth(image).float(), batch.target)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the disparities of the depth that was put here."""
        least, most = self.limits
        full = inverse_depth_to_disparity(1 / self.depth.clamp(least, most), min_depth=least, max_depth=most)
        sizes = [[side >> scale for side in image.shape[-2:]] for scale in range(self.scales)]
        return [resize_like(full, full.new_empty(size)) for size in sizes]


def main(arguments: Arguments) -> None:
    """Train, and print a line now and then."""
    training = TrueGeometry(arguments.worlds / "training", taught=arguments.taught)
    held_out = TrueGeometry(arguments.worlds / "held_out", taught="truth")
    torch.manual_seed(arguments.seed)
    weight = arguments.method.short.measured_mask_weight if arguments.taught != "nothing" else 0.0
    settings = changed(
        arguments.method,
        measured=True,
        measured_mask_weight=weight,
        measured_depth_weight=0.0,
        measured_motion_weight=0.0,
    )
    method = DynamoDepth(settings)
    given = GivenDepth((settings.min_depth, settings.max_depth), run=arguments.depth)
    method.depth_network = given  # type: ignore[assignment]
    method = method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator = torch.Generator().manual_seed(arguments.seed)
    begun, began = 0, process_time()
    for stage, share in SHARES.items():
        steps = round(share * arguments.steps) - begun
        parts = [getattr(method, name) for name in PARTS[MASK if stage == ALL else stage]]
        method.requires_grad_(False)
        learning = [parameter.requires_grad_() for part in parts for parameter in part.parameters()]
        rate = arguments.learning_rate * (0.5 if stage == ALL else 1)
        optimiser = torch.optim.Adam(learning, lr=rate, fused=True)
        for step in range(steps):
            method.eval()
            for part in parts:
                part.train()
            chosen = torch.randperm(len(training), generator=generator)[: arguments.batch]
            raw = stack([training[int(index)] for index in chosen])
            batch = augment(raw, Augmentation(), generator=generator)
            given.give(batch)
            late = 0.3 if stage == ALL and step >= 0.75 * steps else 1.0
            optimiser.param_groups[0]["lr"] = rate * late * min(1, (step + 1) / max(arguments.warm_up * steps, 1))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                terms = method(batch, Progress(stage=stage, step=step, steps=steps, total_step=begun + step))
            optimiser.zero_grad()
            torch.stack(list(terms.values())).sum().backward()
            optimiser.step()
            done = begun + step + 1
            if done % arguments.every == 0 or done == arguments.steps:
                told = ", ".join(f"{name} {term.item():.4f}" for name, term in terms.items() if term.item())
                print(f"step {done} ({stage}, {process_time() - began:.0f} s): {told}", flush=True)
                if stage != FLOW:
                    print(f"  {scored(method, given, held_out)}", flush=True)
        begun += steps


@torch.no_grad()
def scored(method: DynamoDepth, given: GivenDepth, held_out: TrueGeometry) -> str:
    """Say how well the mask finds what moves, and how far complete flow is from the truth where it moves."""
    method.eval()
    masks, flows = [], []
    for first in range(0, len(held_out), 12):
        raw = stack([held_out[index] for index in range(first, min(first + 12, len(held_out)))])
        batch: Batch = augment(raw, Augmentation(flip=0.0, jitter=0.0), generator=torch.Generator())
        assert batch.measured is not None
        assert batch.measured.moving is not None
        given.give(batch)
        predicted, _ = method._predict(batch, ALL, measured=True)
        mask = predicted.logits[0].sigmoid()
        strength = predicted.flows[0].norm(dim=1, keepdim=True)
        moving = batch.measured.moving > 0
        for curves, values in ((masks, mask), (flows, strength / (strength + 0.01))):
            curves += [
                motion_curve(v[0].float().numpy(), moving=m[0].numpy()) for v, m in zip(values, moving, strict=True)
            ]
        spread = f"{float(mask[moving].mean()):.2f} on movers, {float(mask[~moving].mean()):.2f} elsewhere"
    return f"mask: F1 {best(masks):.3f} (last batch: {spread}); length of the flow: F1 {best(flows):.3f}"


def best(curves: list[MotionCurve]) -> float:
    """Return the best F1 of all images together."""
    curve = sum(curves[1:], start=curves[0])
    return float(curve.f1[curve.best])


if __name__ == "__main__":
    main(tyro.cli(Arguments))
