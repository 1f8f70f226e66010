"""The drives of the demo: rendered, and those of the training measured, as many at a time as there are cores."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vection.data.measure.clip import measure_clip
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.settings import DriveSettings
from vection.data.workers import in_workers
from vection.formats.measured_geometry import is_measured
from vection.progress import Bars


@dataclass(frozen=True)
class DemoDrive:
    """A drive to be written; it travels to another process."""

    folder: Path
    settings: DriveSettings
    seed: int
    measured: bool
    """Whether its geometry is measured in its frames, as in those of any clip that is trained on."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.folder.exists() and (not self.measured or is_measured(self.folder))


def write_world(drives: Iterable[DemoDrive], *, progress: Bars) -> None:
    """Write and measure the drives that are not there yet; whatever an earlier call did is kept."""
    missing = [drive for drive in drives if not drive.is_done]
    if not missing:
        return
    workers = min(len(os.sched_getaffinity(0)), len(missing))
    with progress("rendering and measuring drives") as show:
        show(0, len(missing))
        for done, _ in enumerate(in_workers(_write, missing, workers=workers), start=1):
            show(done, len(missing))


def _write(drive: DemoDrive) -> None:
    if not drive.folder.exists():
        write_drive(drive.folder, drive.settings, seed=drive.seed)
    if drive.measured:
        measure_clip(drive.folder)
