"""A clip's geometry measured from images that the caller provides, in parallel and resumable."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from vection.arrays import PixelMask
from vection.data.clips.resizing import Size
from vection.data.measure.path import camera_path
from vection.data.measure.records import FrameRecord, open_records, remove_records
from vection.data.measure.scales import Link, solve_scales
from vection.data.measure.settings import MeasureSettings
from vection.data.measure.views import ReadView
from vection.data.measure.work import Job, measure_frames
from vection.data.workers import Workers, in_workers
from vection.errors import DataError
from vection.formats.measured_geometry import (
    FOLDER,
    MeasuredClip,
    MeasuredFrame,
    MeasuredList,
    MeasuredPair,
    Row3,
    is_measured,
    read_map,
    read_measured,
    rows4_of,
    write_measured_list,
)
from vection.locks import hold, sweep
from vection.progress import Report

CHUNK = 16
"""Frames that a worker takes at once; the pairs across its ends are measured twice."""
FEWEST_COMMON = 200
"""Pixels whose depth two frames of a standing camera must share to be brought to one scale."""


@dataclass(frozen=True)
class StoredFrames:
    """The frames of a clip as far as measuring them must know."""

    names: tuple[str, ...]
    """Without suffix, one a view."""
    size: Size
    """Height and width that depth is stored at."""
    breaks: tuple[int, ...] = ()
    """Frames that do not continue the one before."""
    usable: PixelMask | None = None
    """Of this size, True where frames show the scene."""
    inputs: str | None = None
    """SHA-256 of what else the measuring depends on."""


def measure_sequence(
    folder: Path,
    views: Sequence[ReadView],
    stored: StoredFrames,
    *,
    source: str,
    settings: MeasureSettings | None = None,
    workers: Workers = 0,
    progress: Report | None = None,
) -> MeasuredClip:
    """Measure the views and write `folder`/measured, or go on where an earlier run of the same settings ended.

    The views show what the stored frames do, at any size of the same shape, in time order; `source` says in words what
    they are. `workers` processes measure, each in one thread, or a cluster; 0 does it in this one; the result is the
    same.
    """
    settings = settings or MeasureSettings()
    if len(views) != len(stored.names) or len(views) < 2:
        raise DataError(f"Geometry is measured between frames, but there are {len(views)} views; two are the least.")
    place = folder / FOLDER
    stated = asdict(settings) | {"source": source, "inputs": stored.inputs}
    with hold(place):
        done = {name: record for name, record in open_records(place, stated).items() if name in stored.names}
        total = len(views)
        if progress is not None:
            progress(len(done), total)
        for records in in_workers(measure_frames, _jobs(place, views, stored, done, settings), workers=workers):
            done |= records
            if progress is not None:
                progress(len(done), total)
        write_measured_list(place, _listed(place, [done[name] for name in stored.names], stored, source, settings))
        remove_records(place)
    return read_measured(folder)


def is_done(folder: Path) -> bool:
    """Return whether a clip's geometry is measured; what a kill left when it was is removed."""
    done = is_measured(folder)
    if done:
        remove_records(folder / FOLDER)
        sweep(folder / FOLDER)
    return done


def _jobs(
    folder: Path,
    views: Sequence[ReadView],
    stored: StoredFrames,
    done: Mapping[str, FrameRecord],
    settings: MeasureSettings,
) -> Iterator[Job]:
    left = [number for number, name in enumerate(stored.names) if name not in done]
    reach = max(*settings.gaps, settings.wide_gap)
    for start in range(0, len(left), CHUNK):
        numbers = left[start : start + CHUNK]
        around = range(max(0, numbers[0] - reach), min(len(views), numbers[-1] + reach + 1))
        yield Job(
            folder=folder,
            numbers=tuple(numbers),
            views={number: views[number] for number in around},
            names={number: stored.names[number] for number in numbers},
            size=stored.size,
            breaks=stored.breaks,
            usable=stored.usable,
            settings=settings,
        )


def _listed(
    folder: Path, records: Sequence[FrameRecord], stored: StoredFrames, source: str, settings: MeasureSettings
) -> MeasuredList:
    pairs = [pair for record in records for pair in record.pairs]
    lengths = {number: record.lengths for number, record in enumerate(records) if record.baselines}
    scales = solve_scales(lengths, _standing_links(folder, records, stored))
    placed = camera_path(len(records), pairs, baselines=scales.baselines, parts=scales.parts)
    frames = []
    for number, (name, record) in enumerate(zip(stored.names, records, strict=True)):
        scale = scales.frames.get(number)
        frames.append(
            MeasuredFrame(
                name,
                share=record.share,
                scale=scale,
                segment=placed[number].segment,
                T_camera_to_world=rows4_of(placed[number].T_camera_to_world),
                ground=_scaled(record.ground, scale),
            )
        )
    measured_height, measured_width = records[0].measured_size
    return MeasuredList(
        width=stored.size[1],
        height=stored.size[0],
        measured_width=measured_width,
        measured_height=measured_height,
        source=source,
        settings=asdict(settings),
        pairs=tuple(replace(pair, baseline=scales.baselines.get((pair.first, pair.second))) for pair in pairs),
        frames=tuple(frames),
        inputs=stored.inputs,
    )


def _standing_links(folder: Path, records: Sequence[FrameRecord], stored: StoredFrames) -> list[Link]:
    """Compare depth before and after each halt: the camera sees the same from the same place."""
    links = []
    start = 0
    for number in range(1, len(records) + 1):
        if number < len(records) and _stands(records[number - 1].pairs):
            continue
        known = [one for one in range(start, number) if records[one].baselines]
        start = number
        if len(known) < 2:
            continue
        size = stored.size[0], stored.size[1]
        first, second = (read_map(folder, stored.names[one], size=size).depth for one in (known[0], known[-1]))
        common = (first > 0) & (second > 0)
        if np.count_nonzero(common) >= FEWEST_COMMON:
            links.append(Link(known[0], known[-1], float(np.median(np.log(second[common] / first[common])))))
    return links


def _stands(pairs: Sequence[MeasuredPair]) -> bool:
    return any(pair.gap == 1 and pair.reason == "standing" for pair in pairs)


def _scaled(ground: Row3 | None, scale: float | None) -> Row3 | None:
    if ground is None or scale is None:
        return None
    x, y, z = ground
    return x / scale, y / scale, z / scale
