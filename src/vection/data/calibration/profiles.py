"""Cameras by their names: a small table of common ones, and those that users keep in a folder of their own."""

import difflib
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

from vection.errors import UsageError

NAMED = "camera:"
"""How `intrinsics` begin that name a camera."""
FOLDER = "VECTION_CAMERAS"
"""Environment variable that names the folder of a user's cameras."""
USUAL_FOLDER = Path("~/.config/vection/cameras")
FILM_DIAGONAL = math.hypot(36.0, 24.0)
"""Millimetres of the diagonal that 35 mm equivalent focal lengths belong to."""


@dataclass(frozen=True)
class Profile:
    """What a maker states of a camera whose axis is in the middle; one of the three angles or lengths is given."""

    title: str
    aspect: float
    """Width by height of its largest image, of which others are parts."""
    horizontal: float | None = None
    """Degrees."""
    diagonal: float | None = None
    """Degrees."""
    equivalent: float | None = None
    """Millimetres of film."""

    def focal_length(self, width: int, height: int) -> float:
        """Return the focal length in pixels of images of this size, also upright ones.

        They are taken as the largest part of their shape of the camera's whole image.

        >>> round(PROFILES["realsense-d435"].focal_length(1280, 720))
        931
        """
        longer, shorter = max(width, height), min(width, height)
        whole = max(longer, shorter * self.aspect)
        diagonal = math.hypot(whole, whole / self.aspect)
        if self.equivalent is not None:
            return self.equivalent * diagonal / FILM_DIAGONAL
        side, angle = (whole, self.horizontal) if self.horizontal is not None else (diagonal, self.diagonal)
        return side / 2 / math.tan(math.radians(angle or 0.0) / 2)


PROFILES = {
    "azure-kinect": Profile("Azure Kinect, colour, 16:9", 16 / 9, horizontal=90.0),
    "dji-mavic-3": Profile("DJI Mavic 3, main camera", 4 / 3, equivalent=24.0),
    "dji-mini-3": Profile("DJI Mini 2 and 3", 4 / 3, equivalent=24.0),
    "iphone-12": Profile("iPhone 12, main camera", 4 / 3, equivalent=26.0),
    "iphone-13": Profile("iPhone 13, main camera", 4 / 3, equivalent=26.0),
    "logitech-c920": Profile("Logitech C920, 16:9", 16 / 9, diagonal=78.0),
    "raspberry-pi-1": Profile("Raspberry Pi camera module 1, whole sensor", 4 / 3, horizontal=53.5),
    "raspberry-pi-2": Profile("Raspberry Pi camera module 2, whole sensor", 4 / 3, horizontal=62.2),
    "raspberry-pi-3": Profile("Raspberry Pi camera module 3", 16 / 9, horizontal=66.0),
    "realsense-d435": Profile("RealSense D435, colour, 16:9", 16 / 9, horizontal=69.0),
}
"""By name. Cameras whose images are bent (action cameras, wide modules) are not here: calibrate them."""


def find_camera(name: str) -> Profile | Path:
    """Return the file of a user's camera of this name, else the profile. Raises UsageError that lists the names."""
    folder = Path(os.environ.get(FOLDER) or USUAL_FOLDER).expanduser()
    own = {file.stem: file for file in sorted(folder.glob("[!.]*")) if file.is_file()} if folder.is_dir() else {}
    if name in own:
        return own[name]
    if name in PROFILES:
        return PROFILES[name]
    names = [*own, *PROFILES]
    near = difflib.get_close_matches(re.sub(r"[\s_]+", "-", name.lower()), names, n=1)
    meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}."
    raise UsageError(f"No camera is called '{name}': {meant} Cameras of your own are files in {folder} (${FOLDER}).")
