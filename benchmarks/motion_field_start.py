"""What keeps a short training of Li et al.'s motion fields from starting? One part at a time is given as truth.

    python benchmarks/motion_field_start.py --out runs/start                             # the short recipe
    python benchmarks/motion_field_start.py --out runs/start --method.short.inverse predicted  # as in the paper
    python benchmarks/motion_field_start.py --out runs/start --given depth --method.short.inverse predicted

A small street where nothing moves but the camera, seen at 96x64. Every few steps, on held-out drives: AbsRel (median
scaled, below 80 m) beside row-mean depth, and the camera motion forth and back beside the true one, in metres by the
scale of the depth. A minute or two on one core.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
import tyro
from torch import Tensor
from torch.nn.functional import cosine_similarity

from vection.data.clips.folder import find_clips, read_clip
from vection.data.sets.clip_dataset import camera_matrix, image_tensor
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.settings import still_street
from vection.evaluation.depth.baselines import row_mean_depth
from vection.geometry.pairs import Pairs, both_ways
from vection.methods.method import Progress, changed
from vection.methods.motion_field import MotionField, loss_terms
from vection.methods.motion_field_settings import MotionFieldSettings
from vection.recipes.registry import get_recipe
from vection.samples import Batch
from vection.types import Depth, Transform

WIDTH, HEIGHT = 96, 64
UNIT = 150.0
"""Metres of the truth in a unit of the networks' depth, so that both start in the same range."""
SKY, FARTHEST = 200.0, 80.0
"""Metres: of a pixel without truth, and that still counts in the scores."""
_STILL = changed(get_recipe("motion-field-synthetic").method, burn_in=1_000_000, burn_in_share=0.0, measured=False)


@dataclass(frozen=True)
class Arguments:
    """Train and print how far it is every few steps."""

    out: Path
    given: Literal["nothing", "depth", "motion"] = "nothing"
    """What is put in the place of a network's prediction."""
    steps: int = 150
    every: int = 25
    batch: int = 8
    learning_rate: float = 3e-4
    warm_up: int = 30
    seed: int = 0
    method: MotionFieldSettings = _STILL
    """By default the short recipe's, but objects stand still throughout."""


@dataclass(frozen=True)
class Truth:
    """Of a batch of pairs, both ways."""

    depth: Depth
    """Metres; 0 where there is none."""
    ego: Transform
    """From the first to the second camera, metres."""


class WithTruth(MotionField):
    """The method with one of its predictions replaced."""

    given: str
    truth: Truth

    def predict_pairs(self, batch: Batch, progress: Progress) -> Pairs:
        pairs = super().predict_pairs(batch, progress)
        if self.given == "depth":
            true = torch.where(self.truth.depth > 0, self.truth.depth, SKY) / UNIT
            return replace(pairs, depth=true + 0 * pairs.depth)
        if self.given == "motion":
            ego = self.truth.ego
            return replace(pairs, rotation=ego[:, :3, :3], background=ego[:, :3, 3] / UNIT + 0 * pairs.background)
        return pairs


class Drives:
    """All pairs of neighbouring frames of some drives, with truth, in memory."""

    def __init__(self, folder: Path, *, count: int, frames: int, first_seed: int) -> None:
        """Render what is missing."""
        settings = still_street(width=WIDTH, height=HEIGHT, frames=frames)
        for index in range(count):
            place = folder / f"drive_{index:03d}"
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                write_drive(place, settings, seed=first_seed + index)
        clips = [read_clip(place) for place in find_clips(folder)]
        self.camera = camera_matrix(clips[0].frames[0].intrinsics)
        self.images = torch.stack([image_tensor(clip.read_image(i))[0] for clip in clips for i in range(frames)]) / 255
        truths = [clip.read_truth(i) for clip in clips for i in range(frames)]
        self.depth = torch.stack([torch.from_numpy(truth.depth)[None] for truth in truths])
        self.poses = torch.stack([torch.from_numpy(truth.T_camera_to_world) for truth in truths])
        self.pairs = torch.tensor([row for row in range(len(truths)) if (row + 1) % frames])

    def batch(self, pairs: Tensor, *, mirrored: Tensor | None = None) -> tuple[Batch, Truth]:
        """Each row and the frame after it; some of them mirrored (the camera's centre is the image's)."""
        mirrored = torch.zeros(len(pairs), dtype=torch.bool) if mirrored is None else mirrored

        def flipped(values: Tensor) -> Tensor:
            return torch.where(mirrored[:, None, None, None], values.flip(-1), values)

        a, b = flipped(self.images[pairs]), flipped(self.images[pairs + 1])[:, None]
        K = self.camera.expand(len(pairs), 3, 3)
        batch = Batch(
            target=a,
            sources=b,
            target_jittered=a,
            sources_jittered=b,
            intrinsics=K,
            source_intrinsics=K[:, None],
            seconds=torch.full((len(pairs), 1), 0.1),
            stored_to_image=torch.eye(3).expand_as(K),
        )
        T_a, T_b = self.poses[pairs], self.poses[pairs + 1]
        ego = both_ways(torch.linalg.inv(T_b) @ T_a, torch.linalg.inv(T_a) @ T_b).float()
        mirror = torch.diag(torch.tensor([-1.0, 1, 1, 1]))
        ego = torch.where(mirrored.repeat(2)[:, None, None], mirror @ ego @ mirror, ego)
        return batch, Truth(both_ways(flipped(self.depth[pairs]), flipped(self.depth[pairs + 1])), ego)


def main(arguments: Arguments) -> None:
    """Render, train, and print a line now and then."""
    training = Drives(arguments.out / "training", count=16, frames=20, first_seed=0)
    held_out = Drives(arguments.out / "held_out", count=8, frames=6, first_seed=5000)
    torch.manual_seed(arguments.seed)
    method = WithTruth(arguments.method).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    method.given = arguments.given
    scored = held_out.batch(held_out.pairs[[i for i in range(len(held_out.pairs)) if i % 5 in (0, 2, 4)]])
    rows = row_mean_depth([depth[0].numpy() for depth in training.depth], height=HEIGHT, width=WIDTH)
    of_rows = torch.from_numpy(rows).expand_as(scored[1].depth)
    print(f"row-mean depth: AbsRel {abs_rel(of_rows, scored[1].depth):.3f}")
    optimiser = torch.optim.Adam(method.parameters(), lr=arguments.learning_rate, fused=True)
    generator = torch.Generator().manual_seed(arguments.seed)
    show(method, *scored, step=0)
    for step in range(arguments.steps):
        chosen = torch.randperm(len(training.pairs), generator=generator)[: arguments.batch]
        mirrored = torch.rand(arguments.batch, generator=generator) < 0.5
        batch, method.truth = training.batch(training.pairs[chosen], mirrored=mirrored)
        late = 0.1 if step >= 0.8 * arguments.steps else 1.0
        optimiser.param_groups[0]["lr"] = arguments.learning_rate * min(1, (step + 1) / arguments.warm_up) * late
        method.train()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = torch.stack(list(method(batch, Progress(step=step)).values())).sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(method.parameters(), 10.0)
        optimiser.step()
        if (step + 1) % arguments.every == 0:
            show(method, *scored, step=step + 1)


@torch.no_grad()
def show(method: WithTruth, batch: Batch, truth: Truth, *, step: int) -> None:
    """Print scores of held-out pairs."""
    method.eval()
    method.truth = truth
    pairs = method.predict_pairs(batch, Progress(step=step))
    known = (truth.depth > 0) & (truth.depth < FARTHEST)
    scales = torch.stack(
        [t[k].median() / d[k].median() for t, d, k in zip(truth.depth, pairs.depth, known, strict=True)]
    )
    motion, true = pairs.background * scales[:, None], truth.ego[:, :3, 3]
    forth, back = (half[:, 2].mean() for half in motion.chunk(2))
    cosine = cosine_similarity(motion, true, dim=1).mean()
    terms = ", ".join(f"{name} {float(term):.3f}" for name, term in loss_terms(pairs, method.settings).items() if term)
    print(
        f"step {step}: AbsRel {abs_rel(pairs.depth, truth.depth):.3f}; z forth {forth:+.2f}, back {back:+.2f} m "
        f"(true {true.chunk(2)[0][:, 2].mean():+.2f}), cosine {cosine:+.2f}; {terms}",
        flush=True,
    )


def abs_rel(depth: Depth, truth: Depth) -> float:
    """Mean over images of the mean of |z s - z_true| / z_true with s from the medians."""
    errors = []
    for predicted, true in zip(depth, truth, strict=True):
        known = (true > 0) & (true < FARTHEST)
        scaled = predicted[known] * true[known].median() / predicted[known].median()
        errors.append(((scaled - true[known]).abs() / true[known]).mean())
    return float(torch.stack(errors).mean())


if __name__ == "__main__":
    main(tyro.cli(Arguments))
