"""Frames in, predictions out: depth with its unit, the camera's path, files.

Imports `methods`, `networks` and `data`. Names are imported when they are used.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.inference.colour import colour_depth as colour_depth
    from vection.inference.colour import colour_range as colour_range
    from vection.inference.prediction import Prediction as Prediction
    from vection.inference.predictor import Predictor as Predictor
    from vection.inference.sources import Frame as Frame
    from vection.inference.sources import FrameSource as FrameSource
    from vection.inference.sources import open_sources as open_sources
    from vection.inference.window_rule import WindowRule as WindowRule
    from vection.inference.write import write_depth_png as write_depth_png
    from vection.inference.write import write_predictions as write_predictions

_MODULES = {
    "Frame": "vection.inference.sources",
    "FrameSource": "vection.inference.sources",
    "Prediction": "vection.inference.prediction",
    "WindowRule": "vection.inference.window_rule",
    "Predictor": "vection.inference.predictor",
    "colour_depth": "vection.inference.colour",
    "colour_range": "vection.inference.colour",
    "open_sources": "vection.inference.sources",
    "write_depth_png": "vection.inference.write",
    "write_predictions": "vection.inference.write",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
