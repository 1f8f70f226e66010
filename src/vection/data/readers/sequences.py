"""What a reader of a data set gives to `vection prepare`: sequences of frames, each read when it is wanted.

A reader is one file `data/readers/<name>.py` with pure reading code and `list_sequences(source, settings)`, registered
in `data/prepare/data_sets.py`. It opens no image while it lists; it only finds files.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vection.arrays import ClassIds, GreyImage, Pose, RgbImage, Unit
from vection.data.clips.folder import ClipInfo, FrameTruth
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.splits.listed_frames import ListedFrame, Part
from vection.errors import DataError, VectionError
from vection.formats.window import Crop


@dataclass(frozen=True)
class PrepareSettings:
    """How a data set becomes clip folders; a reader uses what makes sense for it and refuses what does not."""

    width: int
    height: int
    crop: Crop = "stretch"
    """The published systems stretch whole images; "keep-aspect" cuts them to the clip's shape."""
    split: str | None = None
    """A published list, by name or file: only these frames become targets, with the neighbours that they need."""
    neighbours: bool = True
    """Take the neighbours of listed frames along; training needs them, predicting depth does not."""
    cameras: tuple[str, ...] = ()
    """Names of cameras as the data set calls them; empty: the usual ones."""
    variant: str | None = None
    """A named variant of the reader, for instance a historical crop or ground truth."""
    stereo: bool = False
    """Keep the other camera's images, where the data set has a pair."""
    truth: bool = True
    """Write the true depth (and what else is known) of frames that have it."""
    intrinsics: str | None = None
    """Of images without a known camera: JSON file, "fx,fy,cx,cy" or "fov:DEGREES"."""


@dataclass(frozen=True)
class StereoFrame:
    """The other camera's view at the same instant."""

    image: RgbImage
    camera: CameraIntrinsics
    T_target_to_stereo: Pose
    """Metres."""


@dataclass(frozen=True)
class SourceFrame:
    """One frame as the data set has it, at its full resolution.

    All maps have the size of `image` or, the truth alone, any size of the same view (of Cityscapes it is the whole
    image's, because protocols name the window of it that a network sees). Where the camera has distortion,
    the reader has removed it from image and maps alike (`data.clips.undistortion`), unless there are no maps.
    """

    image: RgbImage
    camera: CameraIntrinsics
    """True camera of this image."""
    truth: FrameTruth | None = None
    """Metres; kept at full resolution. 0 where no depth is known (LiDAR is sparse)."""
    truth_source: str | None = None
    """Where the true depth comes from, in the words of the protocols."""
    classes: ClassIds | None = None
    """Cityscapes train ids to train with, 255 where unknown; resized with the image. All frames of a clip or none."""
    stereo: StereoFrame | None = None
    usable: GreyImage | None = None
    """255 where the scene is seen, 0 on the bonnet; that of a clip's first frame becomes the clip's mask."""
    T_camera_to_world: Pose | None = None
    """True pose, metres, in a world that is one for the sequence."""
    notes: tuple[str, ...] = ()
    """Sentences about what is missing though the frame is kept, for instance its laser scan."""


@dataclass(frozen=True)
class SequenceFrame:
    """Where a frame is found. `read` runs in a worker process: a `functools.partial` of a function of a module.

    It raises DataError (one sentence) for a broken file; the frame is then left out and listed.
    """

    name: str
    """Unique in its sequence; the stem of the files that are written."""
    seconds: float
    read: Callable[[], SourceFrame]
    follows: bool = True
    """False where frames are missing before it, so that the one before is no neighbour."""
    target: bool = True
    """False for a frame that is only a neighbour of listed ones."""


@dataclass(frozen=True)
class DataSequence:
    """Consecutive frames of one camera; becomes one clip folder."""

    name: str
    """Path of the clip folder below the output."""
    frames: tuple[SequenceFrame, ...]
    unit: Unit = "up-to-scale"
    """Metres only where depth that is learned from it is metric (stereo)."""


@dataclass(frozen=True)
class WholeSequence:
    """A sequence that is only readable as a whole (a video file): `write` makes the clip in the folder given."""

    name: str
    write: Callable[[Path], ClipInfo]
    """Raises DataError (one sentence) for a broken file; writes nothing then."""


@dataclass(frozen=True)
class Listing:
    """All that a reader found."""

    sequences: tuple[DataSequence | WholeSequence, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    """What could not even be listed: path or name, and the reason."""
    lists: tuple[Path, ...] = ()
    """The files that chose the frames."""


@dataclass
class ListingDraft:
    """A listing that grows while a reader looks around."""

    sequences: list[DataSequence] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def skipping(self, name: str) -> Iterator[None]:
        """Skip `name` for the reason that an error in the block gives; what was listed before it stays."""
        try:
            yield
        except VectionError as error:
            self.skipped.append((name, str(error)))

    def finish(self, parts: Sequence[Part] | None = None) -> Listing:
        """Return what was listed and skipped, to which belong drives of the lists that nobody asked for."""
        absent = [drive for part in parts or () for drive in part.absent()]
        lists = tuple(part.file for part in parts or () if part.file is not None)
        return Listing(tuple(self.sequences), (*self.skipped, *absent), lists)


def sequence_frames(
    frames: Iterable[ListedFrame],
    *,
    name: Callable[[int], str],
    seconds: Callable[[int], float],
    read: Callable[[int], Callable[[], SourceFrame]],
) -> tuple[SequenceFrame, ...]:
    """Return the listed frames of a drive; the functions tell a frame's name, time and reader by its number.

    Of those that are not present only `name` is asked; reading them fails, so they are left out and listed.
    """
    return tuple(
        SequenceFrame(
            name(frame.number),
            seconds(frame.number) if frame.present else 0.0,
            read(frame.number) if frame.present else _read_absent,
            follows=frame.follows,
            target=frame.target,
        )
        for frame in frames
    )


def _read_absent() -> SourceFrame:
    raise DataError("the list names it, but it is not there.")
