"""Measure the geometry of clips that a training needs and nobody has measured."""

from pathlib import Path

from vection.data.clips.folder import find_clips
from vection.data.measure.clip import measure_clip
from vection.data.measure.sequence import is_done
from vection.progress import Bars, no_bars


def measure_clips(root: Path, *, workers: int = 0, progress: Bars = no_bars) -> list[Path]:
    """Measure the clips below `root` in their stored frames, unless that is done; return the folders measured now.

    A stopped run goes on with what is not yet measured. Raises DataError for clips that cannot be measured.
    """
    folders = [folder for folder in find_clips(root) if not is_done(folder)]
    for folder in folders:
        with progress(f"measuring {folder.name}") as report:
            measure_clip(folder, workers=workers, progress=report)
    return folders
