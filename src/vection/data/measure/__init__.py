"""Geometry measured in a clip itself, without learning: motion of pairs, depth of frames, one scale, the path.

Imports `data.clips` and `data.workers`; needs OpenCV alone, no torch. `formats.measured_geometry` stores what is
measured.
"""

from vection.data.measure.clip import measure_clip, stored_frames
from vection.data.measure.depth.contradiction import agrees_with
from vection.data.measure.pairs.measure import measure_pair
from vection.data.measure.sequence import StoredFrames, measure_sequence
from vection.data.measure.settings import MeasureSettings
from vection.data.measure.views import View, read_view
from vection.formats.measured_geometry import MeasuredClip, read_measured

__all__ = [
    "MeasureSettings",
    "MeasuredClip",
    "StoredFrames",
    "View",
    "agrees_with",
    "measure_clip",
    "measure_pair",
    "measure_sequence",
    "read_measured",
    "read_view",
    "stored_frames",
]
