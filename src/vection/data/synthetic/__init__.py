"""A ray-traced street with exact depth, motion, semantics and camera: see `drive`."""

from vection.data.synthetic.drive import render_drive, write_drive
from vection.data.synthetic.frames import RenderedFrame
from vection.data.synthetic.settings import (
    DRIVES,
    DriveSettings,
    drive_settings,
    lead_car,
    night,
    static_camera,
    still_street,
    stop_and_go,
    street,
    turning,
)
from vection.data.synthetic.varied import varied

__all__ = [
    "DRIVES",
    "DriveSettings",
    "RenderedFrame",
    "drive_settings",
    "lead_car",
    "night",
    "render_drive",
    "static_camera",
    "still_street",
    "stop_and_go",
    "street",
    "turning",
    "varied",
    "write_drive",
]
