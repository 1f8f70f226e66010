"""A split of clips that keeps validation apart from training."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from vection.data.clips.folder import find_clips, read_clip
from vection.data.sets.clip_dataset import ClipDataset, clip_name
from vection.errors import DataError, UsageError

WHOLE_CLIPS_FROM = 20
"""From this many scenes on whole ones are held out; of fewer, one would be a poor picture of all."""


def split_validation(
    root: Path,
    *,
    fraction: float,
    offsets: Sequence[int] = (-1, 1),
    use_sources: bool = True,
    use_stereo: bool = False,
    use_classes: bool = False,
    use_measured: bool = False,
) -> tuple[ClipDataset, ClipDataset]:
    """Split into training and validation so that no frame of one is a frame or a neighbour of the other.

    Of clips below `root`/train and `root`/val or `root`/test (a published split, as `vection prepare` writes it) those
    of train are learned, those of val held out, and those of test left out. Else, and of train without val, whole clips
    are held out where there are many, evenly spread, or the tail of each, behind a gap of max|offset| frames; clips of
    several cameras (`drive1/left`, `drive2/left`) stay together. `fraction` is that of the targets. Raises DataError if
    nothing is left to train on or to validate on.
    """
    if not 0 <= fraction < 1:
        raise UsageError(f"The validation fraction must be from 0 to below 1, but is {fraction}.")
    all_clips = [read_clip(folder) for folder in find_clips(root)]
    clips = all_clips
    parts = published_parts([clip_name(root, clip) for clip in clips])
    if parts:
        clips = [clip for clip in clips if not clip_name(root, clip).startswith("test/")]
    names = [clip_name(root, clip) for clip in clips]
    scenes = _scenes(names)
    held_out = round(fraction * len(scenes))
    training: dict[str, range] = {name: range(len(clip)) for name, clip in zip(names, clips, strict=True)}
    validation: dict[str, range] = {}
    if "val" in parts:
        validation = {name: training[name] for name in names if name.startswith("val/")}
        training = {name: frames for name, frames in training.items() if name.startswith("train/")}
    elif fraction > 0 and len(scenes) >= WHOLE_CLIPS_FROM and held_out > 0:
        for place in range(held_out):
            scene = scenes[int((place + 0.5) * len(scenes) / held_out)]
            validation |= {name: training.pop(name) for name in scene}
    elif fraction > 0:
        for name, clip in zip(names, clips, strict=True):
            training[name], validation[name] = split_tail(len(clip), fraction=fraction, offsets=offsets)
    sets = [
        ClipDataset(
            root,
            offsets=offsets,
            selection=selection,
            use_sources=use_sources,
            use_stereo=use_stereo,
            use_classes=use_classes,
            use_measured=use_measured,
            clips=all_clips,
        )
        for selection in (training, validation)
    ]
    _check_enough(*sets, fraction=fraction)
    return sets[0], sets[1]


def _check_enough(training: ClipDataset, validation: ClipDataset, *, fraction: float) -> None:
    if fraction > 0 and not (len(training) and len(validation)):
        raise DataError(
            f"The clips below {training.root} are too short to train on one part and to hold out {fraction:.0%}; "
            f"give more frames{', smaller offsets' if training.use_sources else ''} or no validation."
        )
    if not len(training):
        lacking = f"neighbours at the offsets {training.offsets}" if training.use_sources else "anything to learn from"
        raise DataError(f"The clips below {training.root} have no frame with {lacking}; give others.")


def published_parts(names: Sequence[str]) -> set[str]:
    """Return the parts of a published split in which clips of these names lie; none if they are of no such split.

    >>> sorted(published_parts(["train/a", "val/b"])), published_parts(["train/a", "more/b"])
    (['train', 'val'], set())
    """
    parts = {name.partition("/")[0] for name in names}
    return parts if "train" in parts and parts <= {"train", "val", "test"} else set()


def _scenes(names: Sequence[str]) -> list[list[str]]:
    """Return the clips' names scene by scene: below one folder are the cameras of a scene if others have them, too."""
    folders = [name.rpartition("/")[::2] for name in names]
    found = Counter(last for _, last in folders)
    scenes: dict[str, list[str]] = {}
    for name, (folder, last) in zip(names, folders, strict=True):
        is_camera = found[last] > 1 and not last.isdecimal()
        scenes.setdefault(folder if is_camera else name, []).append(name)
    return list(scenes.values())


def split_tail(count: int, *, fraction: float, offsets: Sequence[int]) -> tuple[range, range]:
    """Split `count` frames into those of training and those of validation; all go to training if there are too few."""
    reach = max(abs(offset) for offset in offsets)
    margin = max((0, *offsets)) - min((0, *offsets))  # frames of a contiguous run that are not targets
    held_out = max(1, round(fraction * (count - margin)))
    begin = count - held_out - margin
    if begin - reach <= margin:
        return range(count), range(0)
    return range(begin - reach), range(begin, count)
