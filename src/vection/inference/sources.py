"""Frames of whatever the user has: an image, a folder of images, a video, clip folders."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from vection.arrays import CameraNumbers, GreyImage, RgbImage
from vection.data.clips.folder import CLIP_FILE, ClipInfo, find_clips, has_clips, read_clip, read_rgb
from vection.data.clips.given_intrinsics import resolve_intrinsics
from vection.data.clips.window import see, seen_camera
from vection.data.ingest.clip_writer import stated_intrinsics
from vection.data.ingest.continuity import Continuity
from vection.data.ingest.doctor.combing import are_combed
from vection.data.ingest.files import IMAGE_SUFFIXES, find_sources, image_files, unique_names
from vection.data.ingest.parallax import small_grey
from vection.data.ingest.video import DEFAULT_FRAMES_PER_SECOND, check_rate, frame_seconds, open_video, stated_rate
from vection.errors import DataError, UsageError
from vection.formats.window import Window
from vection.inference.window_rule import WHOLE, WindowRule


@dataclass(frozen=True)
class Frame:
    """One image to predict from."""

    name: str
    image: RgbImage
    seconds: float = 0.0
    intrinsics: CameraNumbers | None = None
    """fx, fy, cx, cy in pixels of the image; None: unknown."""
    clip: ClipInfo | None = None
    """The clip whose frame `number` this is, if it is of one."""
    number: int = 0
    window: Window | None = None
    """What the image shows of an image of its source; None: all of it, or of a clip, which says it itself."""
    begins_anew: bool = False
    """Whether, of images and videos, the scene is cut or time jumps before it."""

    def continues(self, before: "Frame") -> bool:
        """Return whether nothing says that frames are missing between `before` and this one."""
        if self.clip is None or before.clip is None:
            return not self.begins_anew
        missing = any(before.number < start <= self.number for start in self.clip.breaks)
        return self.clip.folder == before.clip.folder and not missing


@dataclass(frozen=True)
class FrameSource:
    """Consecutive frames of one camera; every iteration begins anew."""

    name: str
    """Subfolder for the results, empty if this is the only source."""
    description: str
    count: int | None
    """Number of frames if known beforehand; of a video an estimate."""
    frames: Callable[[], Iterator[Frame]]
    faults: Callable[[], list[str]] = list
    """What was wrong with the frames that were read last, in words."""
    is_clip: bool = False
    """Whether the frames are a clip's, which are seen as they are."""
    assumed_rate: float | None = None
    """Frames a second by which times are made up, because nothing states any; else None."""

    def __iter__(self) -> Iterator[Frame]:
        """Read the frames in order."""
        return self.frames()

    @property
    def assumed(self) -> str:
        """What is made up of the times, in words; empty if nothing is."""
        if self.assumed_rate is None:
            return ""
        return (
            f"nothing states how many frames a second {self.description} has, so {self.assumed_rate:g} are assumed and"
            " times may be wrong; give `frames_per_second`"
        )

    def thinned(self, stride: int = 1, *, most: int | None = None) -> "FrameSource":
        """Return the source of every `stride`-th frame, `most` of them; a cut between two is one before the second.

        Raises UsageError for numbers below 1.
        """
        for name, number in (("stride", stride), ("max_frames", most)):
            if number is not None and number < 1:
                raise UsageError(f"`{name}` must be at least 1, but is {number}.")
        if stride == 1 and most is None:
            return self
        last = None if most is None else (most - 1) * stride + 1

        def frames() -> Iterator[Frame]:
            begins_anew = False
            for number, frame in enumerate(islice(self.frames(), last)):
                begins_anew |= frame.begins_anew
                if number % stride == 0:
                    yield replace(frame, begins_anew=begins_anew)
                    begins_anew = False

        count = None if self.count is None else -(-self.count // stride)
        return replace(self, count=count if most is None or count is None else min(count, most), frames=frames)

    def part(self, frames: range) -> "FrameSource":
        """Return the source of these of its frames alone."""
        return replace(
            self,
            description=f"frames {frames.start} to {frames.stop - 1} of {self.description}",
            count=len(frames),
            frames=lambda: islice(self.frames(), frames.start, frames.stop),
        )


def open_sources(
    path: Path,
    *,
    intrinsics: Path | str | None = None,
    rule: WindowRule | None = None,
    needs_camera: bool = True,
    frames_per_second: float | None = None,
) -> list[FrameSource]:
    """Open an image, a folder of images (natural order), a video, or all clip folders, or videos, below a folder.

    `intrinsics` are those of images and videos, as `ingest` takes them; intrinsics.json beside them if not given, which
    nobody looks for without `needs_camera`. Clips have their own. `rule` says which part of images and videos is seen,
    as `Predictor.rule` does; whole images if not given. `frames_per_second` as of `ingest`. Raises UsageError if there
    is nothing at `path` or no image in it, or if clips are given other intrinsics or times, DataError for a file that
    is no video; an image that cannot be decoded, or that intrinsics do not fit, raises DataError when it is read.
    """
    given: dict[str, Any] = {"intrinsics": intrinsics, "frames_per_second": frames_per_second}
    return [
        open_input(place, name=name, rule=rule, needs_camera=needs_camera, **given) for name, place in find_inputs(path)
    ]


def open_input(
    place: Path,
    *,
    name: str = "",
    intrinsics: Path | str | None = None,
    rule: WindowRule | None = None,
    needs_camera: bool = True,
    frames_per_second: float | None = None,
) -> FrameSource:
    """Open one of `find_inputs` under its name; errors as of `open_sources`."""
    check_rate(frames_per_second)
    if (place / CLIP_FILE).is_file():
        if intrinsics is not None:
            raise UsageError(f"The clip {place} has intrinsics of its own; leave `intrinsics` out.")
        if frames_per_second is not None:
            raise UsageError(f"The clip {place} has times of its own; leave `frames_per_second` out.")
        return _clip_source(place, name)
    camera = _Camera(intrinsics, place if needs_camera else None, rule)
    if place.is_dir():
        return _image_source(image_files(place), place, name, camera, rate=frames_per_second)
    if place.suffix.lower() in IMAGE_SUFFIXES:
        return _image_source([place], place, name, camera, rate=frames_per_second)
    return _video_source(place, name, camera, rate=frames_per_second)


def open_image(path: Path, *, rule: WindowRule | None = None) -> Frame:
    """Return what is seen of an image file, whatever it is called, with its camera; DataError if it is no image."""
    image = read_rgb(path)
    return next(_Camera(None, path, rule).look(iter([Frame(path.stem, image)])))


def find_inputs(path: Path) -> list[tuple[str, Path]]:
    """Return each thing in `path` that is predicted by itself, and its name; the name is empty if `path` is the thing.

    Things are clip folders at or below a folder, else the folder of images itself, else the videos and folders of
    images directly in it. Raises UsageError if there is nothing at `path`, or nothing to predict in it.
    """
    if not path.exists():
        raise UsageError(f"There is nothing at {path}; give an image, a video, or a folder of images, clips or videos.")
    if path.is_dir() and has_clips(path):
        return [("" if clip == path else clip.relative_to(path).as_posix(), clip) for clip in find_clips(path)]
    try:
        places = find_sources(path)
    except DataError:
        raise UsageError(f"The folder {path} holds neither images nor clips ({CLIP_FILE}) nor videos.") from None
    if places == [path]:
        return [("", path)]
    return list(zip(unique_names(places), places, strict=True))


class _Camera:
    """Intrinsics of the images of one place, and what is seen of them, by their sizes.

    What is not given is asked of the images and what lies beside them at `path`, if there is one.
    """

    def __init__(self, given: Path | str | None, path: Path | None, rule: WindowRule | None) -> None:
        self.given = given
        self.source = given or (None if path is None else stated_intrinsics(path))
        self.rule = rule or WindowRule(0, 0, choice=WHOLE)
        self.known: dict[tuple[int, ...], tuple[Window | None, CameraNumbers | None]] = {}

    def look(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Yield what is seen of frames, with fx, fy, cx, cy of it; None if they are unknown."""
        for frame in frames:
            size = frame.image.shape[:2]
            if size not in self.known:
                self.known[size] = self._resolve(size)
            window, numbers = self.known[size]
            yield replace(frame, image=see(window, frame.image), intrinsics=numbers, window=window)

    def _resolve(self, size: tuple[int, ...]) -> tuple[Window | None, CameraNumbers | None]:
        camera = None if self.source is None else resolve_intrinsics(self.source, width=size[1], height=size[0])
        window = self.rule.window(size, camera)
        if self.rule.is_of_clip and window is not None and window.lens is not None and self.given is not None:
            raise UsageError(f"The camera of the clip '{self.rule.choice}' is known; leave `intrinsics` out.")
        if window is not None and (window.lens is not None or camera is None or camera.is_pinhole):
            return window, seen_camera(window, camera)
        if camera is None or (not camera.is_pinhole and self.given is None):
            return window, None
        if camera.is_pinhole:
            return None, camera.numbers
        raise DataError(
            f"{self.source} states a lens distortion, which these frames still have; see them as the clips of the "
            "training were seen, or ingest them and predict the clip."
        )


def _image_source(images: Sequence[Path], path: Path, name: str, camera: _Camera, *, rate: float | None) -> FrameSource:
    if len({image.stem for image in images}) < len(images):
        raise DataError(f"{path} holds images that differ in their suffix only; rename them or take one kind out.")
    rate = rate or stated_rate(path, intrinsics=camera.given)
    assumed = DEFAULT_FRAMES_PER_SECOND if rate is None and len(images) > 1 else None
    seconds = frame_seconds(images, rate=rate or DEFAULT_FRAMES_PER_SECOND)

    def frames() -> Iterator[Frame]:
        for index, image in enumerate(images):
            yield Frame(image.stem, read_rgb(image), seconds=seconds[index])

    return FrameSource(name, str(path), len(images), lambda: camera.look(_with_breaks(frames())), assumed_rate=assumed)


def _clip_source(folder: Path, name: str) -> FrameSource:
    info: ClipInfo = read_clip(folder)

    def frames() -> Iterator[Frame]:
        for index, frame in enumerate(info.frames):
            yield Frame(frame.stem, info.read_image(index), frame.seconds, frame.intrinsics, clip=info, number=index)

    return FrameSource(name, str(folder), len(info), frames, is_clip=True)


def _video_source(path: Path, name: str, camera: _Camera, *, rate: float | None) -> FrameSource:
    video = open_video(path, frames_per_second=rate, intrinsics=camera.given)
    # One field of each frame, as ingestion takes it; many files that say so are not interlaced.
    video.deinterlace = video.facts.interlaced and are_combed(video.windows(count=4, length=2))

    def frames() -> Iterator[Frame]:
        for index, frame in enumerate(video):
            yield Frame(f"{index:06d}", frame.image, seconds=frame.seconds)

    return FrameSource(
        name,
        str(path),
        video.estimated_frames,
        lambda: camera.look(_with_breaks(frames())),
        faults=lambda: video.faults,
        assumed_rate=None if video.facts.rate_stated else video.facts.rate,
    )


def _with_breaks(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Mark the frames that do not continue the one before."""
    continuity = Continuity()
    before: GreyImage | None = None
    for frame in frames:
        grey = small_grey(frame.image)
        other_size = before is not None and before.shape != grey.shape
        since = None if other_size else before
        anew = continuity.begins_anew(frame.seconds, grey, since=since) or other_size
        before = grey
        yield replace(frame, begins_anew=True) if anew else frame
