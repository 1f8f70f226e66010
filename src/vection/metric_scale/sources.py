"""What a user knows of the scale, as evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vection.errors import UsageError
from vection.inference.sources import FrameSource
from vection.metric_scale.camera_height import CameraHeight
from vection.metric_scale.evidence import Evidence
from vection.metric_scale.known_distances import KnownDistance, KnownDistances, read_known_distances
from vection.metric_scale.stereo import StereoBaseline
from vection.metric_scale.travel import Travelled
from vection.metric_scale.travel_file import read_travel


@dataclass(frozen=True)
class ScaleSources:
    """What is known in metres; one is enough, two can contradict each other.

    >>> [one.factors.source for one in ScaleSources(camera_height=1.65, speed=10.0).evidence()]
    ['camera height of 1.65 m', 'constant speed of 10 m/s']
    """

    camera_height: float | None = None
    """Of the camera above the ground, metres."""
    camera_height_error: float | None = None
    """Its standard deviation, metres; None: 2 %."""
    camera_pitch: float | None = None
    """Degrees by which the camera looks down; None: as the predicted ground says."""
    speed: Path | str | float | None = None
    """Metres a second; or a file of speeds, GPS, an odometer or a path, as `read_travel` takes them."""
    speed_offset: float = 0.0
    """Seconds that are added to the times of that file, to have them on the video's clock."""
    distances: Sequence[KnownDistance | str] = ()
    """Known distances, or FRAME,X,Y,METRES."""
    distances_file: Path | str | None = None
    """A CSV of them."""
    stereo: bool = False
    """Whether the clips' second camera is used."""

    def evidence(self) -> list[Evidence]:
        """Return one of each that is known. Raises UsageError if there is none, or for what cannot be."""
        found: list[Evidence] = []
        if self.camera_height is not None:
            found.append(CameraHeight(self.camera_height, error=self.camera_height_error, pitch=self.camera_pitch))
        elif self.camera_height_error is not None or self.camera_pitch is not None:
            raise UsageError("`camera_height_error` and `camera_pitch` belong to `camera_height`; give it as well.")
        if self.speed is None and self.speed_offset:
            raise UsageError("`speed_offset` belongs to `speed`; give it as well.")
        if self.speed is not None:
            found.append(Travelled(read_travel(self.speed, offset=self.speed_offset)))
        known = [one if isinstance(one, KnownDistance) else KnownDistance.parse(one) for one in self.distances]
        if self.distances_file is not None:
            known += read_known_distances(Path(self.distances_file))
        if known:
            found.append(KnownDistances(known))
        if self.stereo:
            found.append(StereoBaseline())
        if not found:
            raise UsageError("Nothing is known; give `camera_height`, `speed`, `distances` or `stereo`.")
        return found


def check_sources(evidence: Sequence[Evidence], videos: Sequence[FrameSource], *, path: bool) -> None:
    """Raise UsageError for evidence that does not belong to these videos, or needs the path that is left out."""
    travels = [one.travel for one in evidence if isinstance(one, Travelled)]
    if travels and not path:
        raise UsageError("`speed` needs the path that `path=False` leaves out; give only one of the two.")
    assumed = next((video.assumed for video in videos if video.assumed), "")
    if travels and assumed:
        raise UsageError(f"`speed` needs the times of frames, and {assumed}.")
    if len(videos) > 1 and any(not travel.is_constant for travel in travels):
        raise UsageError("The readings of `speed` belong to one video; give its clip alone, not several.")
    if len(videos) > 1 and any(isinstance(one, KnownDistances) for one in evidence):
        raise UsageError("Known distances name frames of one video; give its clip alone, not several.")
