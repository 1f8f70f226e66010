"""The focal length that a photo or a video says of itself."""

import warnings
from pathlib import Path

EXIF_IFD, FOCAL_35MM = 0x8769, 0xA405
"""Where EXIF has the focal length in millimetres that has the same view on 35 mm film; 0 means unknown."""
VIDEO_KEYS = ("com.apple.quicktime.camera.focal_length.35mm_equivalent",)
LEAST, MOST = 6.0, 200.0
"""Millimetres: a view that intrinsics may have, on the long as on the short side of an image."""


def stated_focal_length(path: Path, *, image: bool) -> float | None:
    """Return the 35 mm equivalent focal length, in millimetres, of an image or a video; None where none is stated."""
    try:
        with warnings.catch_warnings(action="ignore"):
            stated = _of_image(path) if image else _of_video(path)
        focal = float(str(stated).split()[0])
    except Exception:  # no file is refused for what it says of itself, nor for want of a package that reads it
        return None
    return focal if LEAST <= focal <= MOST else None


def _of_image(path: Path) -> object:
    from PIL import Image

    with Image.open(path) as image:
        return image.getexif().get_ifd(EXIF_IFD).get(FOCAL_35MM)


def _of_video(path: Path) -> object:
    import av

    with av.open(f"file:{path}", metadata_errors="replace") as container:
        tags = dict(container.metadata)
        for stream in container.streams.video:
            tags |= stream.metadata
    return next((tags[key] for key in VIDEO_KEYS if key in tags), None)
