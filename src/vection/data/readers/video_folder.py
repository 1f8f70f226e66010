"""A folder of videos or of folders of images from anywhere, cameras unknown, for `vection prepare`.

Each becomes one clip, as `vection ingest` makes it, and counts as a camera of its own: recipes that learn intrinsics
learn them for each.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

from vection.data.clips.folder import ClipInfo, write_clip
from vection.data.ingest.clip_writer import IngestSettings
from vection.data.ingest.files import find_sources, unique_names
from vection.data.ingest.ingestion import ingest
from vection.data.readers.sequences import Listing, PrepareSettings, WholeSequence
from vection.errors import UsageError


def list_sequences(source: Path, settings: PrepareSettings) -> Listing:
    """Find the videos and folders of images directly in `source`."""
    if settings.split or settings.variant or settings.stereo or settings.cameras:
        raise UsageError("A folder of videos has no split, variant, second view or named cameras.")
    paths = find_sources(source)
    ingesting = IngestSettings(
        width=settings.width, height=settings.height, crop=settings.crop, intrinsics=settings.intrinsics
    )
    return Listing(
        tuple(
            WholeSequence(name, partial(write, path, settings=ingesting, name=name))
            for path, name in zip(paths, unique_names(paths), strict=True)
        )
    )


def write(path: Path, folder: Path, *, settings: IngestSettings, name: str) -> ClipInfo:
    """Ingest a video or a folder of images."""
    [clip] = ingest(path, folder, settings=settings).clips
    # Two unknown cameras with the same guess are still two.
    named = replace(clip, camera=name) if clip.intrinsics_source.startswith("assumed") else clip
    write_clip(named)
    return named
