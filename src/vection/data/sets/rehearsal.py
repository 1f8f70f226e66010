"""Frames of the synthetic street that are learned beside one's own: their depth is exact, also of what moves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.utils.data import ConcatDataset, Dataset

from vection.data.clips.folder import read_clip
from vection.data.sets.clip_dataset import ClipDataset
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.exact_geometry import write_exact_geometry
from vection.data.synthetic.varied import varied
from vection.data.workers import in_workers
from vection.formats.measured_geometry import is_measured
from vection.progress import Bars, no_bars
from vection.samples import RawSample

FRAMES = 4
"""Frames of each drive; they are far apart."""
FEWEST, MOST = 50, 250
"""Drives."""


@dataclass(frozen=True)
class _Job:
    folder: Path
    seed: int
    size: tuple[int, int]


def write_rehearsal(
    folder: Path, *, size: tuple[int, int], drives: int, seed: int, workers: int = 0, progress: Bars = no_bars
) -> None:
    """Write `drives` varied drives of this height and width with exact geometry below `folder`; those there are kept.

    The drives depend on `seed` and their number alone, not on how many `workers` render.
    """
    places = [folder / f"{number:04d}" for number in range(drives)]
    missing = [number for number, place in enumerate(places) if not is_measured(place)]
    jobs = [_Job(places[number], seed * 1_000_003 + number, size) for number in missing]
    if not jobs:
        return
    with progress("rendering the synthetic street") as report:
        for number, _ in enumerate(in_workers(_write, jobs, workers=workers)):
            report(drives - len(jobs) + number + 1, drives)


def with_rehearsal(own: ClipDataset, folder: Path, *, share: float) -> Dataset[RawSample]:
    """Return one's own samples and those of the rehearsal, each repeated until about `share` are the latter's."""
    clips = ClipDataset(folder, use_sources=False, use_measured=True)
    street: Dataset[RawSample] = _Usable(clips) if own.has_masks else clips
    wanted = share / (1 - share) * len(own) / len(clips)
    own_times, street_times = max(1, round(1 / wanted)), max(1, round(wanted))
    samples: Sequence[Dataset[RawSample]] = [own] * own_times + [street] * street_times
    return ConcatDataset(samples)


def rehearsal_drives(own: int, *, share: float) -> int:
    """Return how many drives give about `share` of the samples beside `own` ones, within bounds."""
    return min(max(round(share / (1 - share) * own / FRAMES), FEWEST), MOST)


class _Usable(Dataset[RawSample]):
    """Samples that say that every pixel is usable, as one's own say of some."""

    def __init__(self, samples: ClipDataset) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> RawSample:
        sample = self.samples[index]
        return replace(sample, usable=torch.ones_like(sample.target[:, :1], dtype=torch.bool))


def _write(job: _Job) -> None:
    height, width = job.size
    if not job.folder.exists():
        settings = varied(job.seed, width=width, height=height, frames=FRAMES)
        write_drive(job.folder, settings, seed=job.seed)
    write_exact_geometry(read_clip(job.folder))
