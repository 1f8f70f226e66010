"""The clip folder, the one format that training reads: its frames, cameras and truth.

Imports nothing of the library but its small tools.
"""

from vection.data.clips.folder import (
    ClipInfo,
    FrameInfo,
    FrameTruth,
    StereoInfo,
    find_clips,
    read_clip,
    read_rgb,
    write_clip,
    write_rgb,
)
from vection.data.clips.framing import Framing, plan_framing
from vection.data.clips.given_intrinsics import read_intrinsics, resolve_intrinsics
from vection.data.clips.intrinsics import CameraIntrinsics, from_field_of_view
from vection.data.clips.truth_sources import TRUTH_SOURCES, TruthSource, source_identifier, source_sentence

__all__ = [
    "TRUTH_SOURCES",
    "CameraIntrinsics",
    "ClipInfo",
    "FrameInfo",
    "FrameTruth",
    "Framing",
    "StereoInfo",
    "TruthSource",
    "find_clips",
    "from_field_of_view",
    "plan_framing",
    "read_clip",
    "read_intrinsics",
    "read_rgb",
    "resolve_intrinsics",
    "source_identifier",
    "source_sentence",
    "write_clip",
    "write_rgb",
]
