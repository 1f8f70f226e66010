"""Scoring the held-out frames during training."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from vection.formats.metrics_log import LABEL_FREE
from vection.losses.measured_log_error import measured_log_error
from vection.methods.method import Method, Progress
from vection.methods.steps.observation import observe
from vection.samples import Batch, RawSample, stack
from vection.training.augmentation.augment import augment
from vection.training.augmentation.settings import Augmentation
from vection.training.health.statistics import depth_statistics, first_ego_motion
from vection.training.true_depth import KnowsTruth, TrueDepth, true_abs_rel
from vection.types import Transform

PLAIN = Augmentation(flip=0.0, jitter=0.0, scale_crop=1.0)
"""No augmentation: held-out frames are seen as they are."""


@dataclass(frozen=True)
class HeldOut:
    """What the held-out frames say."""

    terms: dict[str, float]
    """Loss terms, averaged over the frames."""
    selection_loss: float
    """What chooses the best checkpoint: the error against measured depth where there is any, else what the method says;
    see `Method.selection_loss`."""
    statistics: dict[str, float]
    """Statistics of the first batch's depth and of all ego-motions, see `health.depth_statistics`, the error against
    measured depth, and `abs_rel` against true depth."""
    pictures: dict[str, Tensor]
    """What the method sees in the first batch, by its names in `methods.pictures`."""
    cameras: dict[int, tuple[float, ...]]
    """fx, fy, cx, cy of each camera that is learned, in pixels of the clips."""

    def nothing_compared(self, comparing: tuple[str, ...]) -> bool:
        """Return whether the terms of these names, which compare frames, are all exactly 0."""
        values = [self.terms[name] for name in comparing if name in self.terms]
        return bool(values) and not any(values)


def held_out_frames(count: int, *, most: int) -> list[int]:
    """Return which of `count` frames are scored: all, or `most` of them, evenly spread."""
    return [int(index) for index in torch.linspace(0, count - 1, min(count, most)).round()]


def plain_batches(frames: Dataset[RawSample], *, batch_size: int, most: int, device: torch.device) -> Iterator[Batch]:
    """Yield batches without augmentation; evenly spread over the frames when there are more than `most`."""
    indices = held_out_frames(len(frames), most=most)  # type: ignore[arg-type]
    for start in range(0, len(indices), batch_size):
        raw = stack([frames[index] for index in indices[start : start + batch_size]])
        yield augment(raw.to(device), PLAIN, generator=torch.Generator())


def true_depth_of(frames: Dataset[RawSample], *, most: int) -> TrueDepth | None:
    """Return the true depth of the frames that are scored, in their order; None if the data set knows none."""
    if not isinstance(frames, KnowsTruth):
        return None
    indices = held_out_frames(len(frames), most=most)  # type: ignore[arg-type]
    return lambda place: frames.true_depth(indices[place])


@torch.no_grad()
def validate(
    model: nn.Module,
    method: Method,
    batches: Iterable[Batch],
    *,
    progress: Progress,
    true_depth: TrueDepth | None = None,
) -> HeldOut:
    """Average the loss terms over `batches`, of which there is at least one; `model` is `method` or a wrapper of it.

    `progress` says by which schedule: the end of the stage, so that all epochs of it can be compared. `true_depth` are
    those of the frames of the batches, in their order. Of a method that learns no depth it is neither scored nor told.
    """
    method.eval()
    true_depth = true_depth if method.learns_depth else None
    sums: dict[str, float] = {}
    motions: list[Transform] = []
    errors: list[Tensor] = []
    true_errors: list[float] = []
    count, first = 0, None
    for batch in batches:
        first = first or batch
        if batch.sources.shape[1] > 0 and method.knows.ego_motion:
            motions.append(first_ego_motion(method, batch))
        truths = [] if true_depth is None else [true_depth(count + index) for index in range(len(batch))]
        if batch.measured is not None or any(truth is not None for truth in truths):
            depth = method.predict_depth(batch.target)
            found = (true_abs_rel(depth[index, 0], truth) for index, truth in enumerate(truths) if truth is not None)
            true_errors += [error for error in found if error is not None]
        if batch.measured is not None:
            errors.append(measured_log_error(depth, batch.measured.depth, batch.measured.weight))
        for name, value in model(batch, progress).items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(batch)
        count += len(batch)
    if first is None:
        raise ValueError("there are no held-out frames")
    terms = {name: value / count for name, value in sums.items()}
    statistics: dict[str, float] = {}
    if method.learns_depth:
        statistics = depth_statistics(
            method.predict_depth(first.target),
            limits=method.depth_limits,
            ego_motion=torch.cat(motions) if motions else None,
        )
    seen = observe(method, first)
    if seen.share_visible is not None:
        statistics["share_visible"] = seen.share_visible
    cameras = {} if method.cameras is None else method.cameras.found(first.target.shape)
    selection = method.selection_loss(terms, share_visible=seen.share_visible)
    if errors and len(compared := torch.cat(errors)):
        selection = statistics[LABEL_FREE] = float(compared.mean())
    if true_errors:
        statistics["abs_rel"] = sum(true_errors) / len(true_errors)
    return HeldOut(terms, selection, statistics, seen.pictures, cameras)
