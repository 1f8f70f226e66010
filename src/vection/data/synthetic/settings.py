"""What a synthetic drive shows: one frozen dataclass and its named presets."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from vection.arrays import CameraNumbers
from vection.errors import UsageError
from vection.names import look_up

Route = Literal["straight", "curve", "turns", "any"]
PLACES = ("town", "suburb", "woods", "open")
LIGHTS = ("even", "sun", "overcast", "haze")
PALETTES = ("vivid", "natural")


@dataclass(frozen=True)
class DriveSettings:
    """All options of a drive; the seed alone decides the rest (layout, colours, speeds, who drives where)."""

    width: int = 416
    height: int = 128
    frames: int = 40
    frame_rate: float = 10.0
    intrinsics: CameraNumbers | None = None
    """fx, fy, cx, cy in pixels; None: fx = fy = 0.58 width, centred (the view of KITTI's cameras)."""
    antialias: bool = True
    """Nine rays a pixel (tent filter) instead of one: four times the work."""

    route: Route = "any"
    """'any': the seed chooses straight or gently curved; 'turns': right-angled bends."""
    speed: tuple[float, float] = (5.0, 11.0)
    """Range of the camera's cruising speed, metres per second."""
    camera_height: tuple[float, float] = (1.4, 1.7)
    shake: float = 1.0
    """Scale of the pitch, yaw, roll and height jitter; it follows the distance, so a standing camera is still."""
    standing_frames: int = 0
    """Consecutive frames in mid-clip during which the camera stands; `frames` or more: it never moves."""

    lead_car: float = 1 / 3
    """Probability of a car ahead at nearly the camera's own speed during the whole clip."""
    lead_gap: tuple[float, float] = (8.0, 20.0)
    """Metres between the camera and the rear of the lead car."""
    lead_relative_speed: float = 0.5
    """Largest speed difference between lead car and camera, metres per second."""
    parked_cars: float = 1.0
    """Density relative to an ordinary street; so are the next three."""
    oncoming_cars: float = 1.0
    crossing_cars: float = 1.0
    pedestrians: float = 1.0

    place: str = "town"
    """'suburb': gardens and houses set back; 'woods': walls of foliage; 'open': fields, guard rails, wide roads."""
    palette: str = "vivid"
    """'vivid': any hue; 'natural': the usual paints of cars and houses, greens from dark to yellow."""
    trucks: float = 0.0
    """Share of trucks and buses among the vehicles."""
    fixtures: float = 0.0
    """Density of traffic lights, signs, bollards, gantries and bridges."""
    occluders: float = 0.0
    """Probability, on each side, of something that stands close to the camera's first place."""

    light: str = "even"
    """'sun': cast shadows and a bright sky; 'overcast': a white sky that crowns keep out; 'haze': fog by depth."""
    lens: float = 0.0
    """Strength of tone curve, vignetting, blur, noise and JPEG, each drawn from the seed; 1 is strong."""
    pitch: float = 0.0
    """Degrees by which the camera looks up."""

    stereo_baseline: float | None = None
    """Metres to a second camera on the right with the same intrinsics; None: no second view."""
    night: bool = False
    """Dark scene in the light of the camera's own moving headlights, with sensor noise."""
    exposure_jumps: float = 0.0
    """Probability a frame that the exposure jumps to another gain (0.55 to 1.6)."""
    bonnet: bool = False
    """The car's own bonnet, painted over the lowest rows: the same in every frame, not usable, without truth."""

    def __post_init__(self) -> None:
        """Refuse what cannot be rendered."""
        if min(self.width, self.height) < 16 or self.frames < 1:
            raise UsageError(
                "A synthetic drive needs at least 16x16 pixels and 1 frame; raise width, height or frames."
            )
        if self.frame_rate <= 0 or self.speed[0] < 0 or self.speed[1] < self.speed[0]:
            raise UsageError("A synthetic drive needs frame_rate > 0 and speed = (low, high) with 0 <= low <= high.")
        for name, value, choices in (
            ("place", self.place, PLACES),
            ("light", self.light, LIGHTS),
            ("palette", self.palette, PALETTES),
        ):
            if value not in choices:
                raise UsageError(f"{name} of a synthetic drive is one of {', '.join(choices)}, not {value!r}.")
        if self.intrinsics is not None and min(self.intrinsics[:2]) <= 0:
            raise UsageError("The focal lengths fx and fy of a synthetic drive must be positive.")
        if self.stereo_baseline is not None and self.stereo_baseline <= 0:
            raise UsageError("stereo_baseline must be positive metres, or None for one camera.")

    @property
    def camera(self) -> CameraNumbers:
        """fx, fy, cx, cy in pixels, pixel centres at integers."""
        if self.intrinsics is not None:
            return self.intrinsics
        focal = 0.58 * self.width
        return focal, focal, (self.width - 1) / 2, (self.height - 1) / 2


def street(**changes: Any) -> DriveSettings:
    """An ordinary street with everything in it; a lead car in a third of the seeds."""
    return replace(DriveSettings(), **changes)


def turning(**changes: Any) -> DriveSettings:
    """Right-angled bends, taken slowly: much rotation, which makes the focal length observable."""
    return replace(DriveSettings(route="turns", speed=(4.0, 7.0)), **changes)


def lead_car(**changes: Any) -> DriveSettings:
    """A car 8 to 20 m ahead at the camera's own speed for the whole clip: the stage of the auto-mask experiments."""
    return replace(DriveSettings(lead_car=1.0, lead_relative_speed=0.15), **changes)


def still_street(**changes: Any) -> DriveSettings:
    """Nothing moves but the camera: parked cars only."""
    return replace(
        DriveSettings(lead_car=0.0, oncoming_cars=0.0, crossing_cars=0.0, pedestrians=0.0),
        **changes,
    )


def night(**changes: Any) -> DriveSettings:
    """The street in the dark, with headlights and sensor noise."""
    return replace(DriveSettings(night=True), **changes)


def static_camera(**changes: Any) -> DriveSettings:
    """The camera stands in the traffic for the whole clip."""
    settings = replace(DriveSettings(lead_car=0.0, oncoming_cars=1.5, crossing_cars=2.0), **changes)
    return replace(settings, standing_frames=settings.frames)


def stop_and_go(**changes: Any) -> DriveSettings:
    """The camera stops for a quarter of the clip, and so does a lead car."""
    settings = replace(DriveSettings(), **changes)
    return replace(settings, standing_frames=settings.frames // 4)


DRIVES: dict[str, Callable[..., DriveSettings]] = {
    "street": street,
    "turning": turning,
    "lead_car": lead_car,
    "still_street": still_street,
    "night": night,
    "static_camera": static_camera,
    "stop_and_go": stop_and_go,
}


def drive_settings(name: str, **changes: Any) -> DriveSettings:
    """Return the preset `name` with `changes`; UsageError names the nearest preset on a typo."""
    return look_up(name, DRIVES, kind="synthetic drive")(**changes)
