"""The file formats, one module each: it writes, reads and checks one format, and knows all its names.

Imports `files` and `types` alone. A newer format is refused in a sentence, an older one read. Names are imported when
they are used.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.formats.camera_path import CameraPath as CameraPath
    from vection.formats.camera_path import kitti_text as kitti_text
    from vection.formats.camera_path import read_path as read_path
    from vection.formats.camera_path import tum_text as tum_text
    from vection.formats.checkpoint import find_checkpoint as find_checkpoint
    from vection.formats.checkpoint import load_weights as load_weights
    from vection.formats.checkpoint import read_config as read_config
    from vection.formats.checkpoint import save_checkpoint as save_checkpoint
    from vection.formats.evaluation_file import Evaluation as Evaluation
    from vection.formats.evaluation_file import read_evaluation as read_evaluation
    from vection.formats.evaluation_file import write_evaluation as write_evaluation
    from vection.formats.metrics_log import Event as Event
    from vection.formats.metrics_log import read_events as read_events
    from vection.formats.prediction_folder import PredictionList as PredictionList
    from vection.formats.run_folder import RunFolder as RunFolder

_MODULES = {
    "CameraPath": "vection.formats.camera_path",
    "Evaluation": "vection.formats.evaluation_file",
    "Event": "vection.formats.metrics_log",
    "PredictionList": "vection.formats.prediction_folder",
    "RunFolder": "vection.formats.run_folder",
    "find_checkpoint": "vection.formats.checkpoint",
    "kitti_text": "vection.formats.camera_path",
    "load_weights": "vection.formats.checkpoint",
    "read_config": "vection.formats.checkpoint",
    "read_evaluation": "vection.formats.evaluation_file",
    "read_events": "vection.formats.metrics_log",
    "read_path": "vection.formats.camera_path",
    "save_checkpoint": "vection.formats.checkpoint",
    "tum_text": "vection.formats.camera_path",
    "write_evaluation": "vection.formats.evaluation_file",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
