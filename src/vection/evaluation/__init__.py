"""Predictions and ground truth under a stated protocol: numbers.

Imports `data` for ground truth; needs no torch. Names are imported when they are used.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.evaluation.depth.baselines import computed_predictions as computed_predictions
    from vection.evaluation.depth.baselines import constant_predictions as constant_predictions
    from vection.evaluation.depth.baselines import row_mean_predictions as row_mean_predictions
    from vection.evaluation.depth.compare import Comparison as Comparison
    from vection.evaluation.depth.compare import compare_with_baselines as compare_with_baselines
    from vection.evaluation.depth.evaluate import evaluate_depth as evaluate_depth
    from vection.evaluation.depth.metrics import depth_errors as depth_errors
    from vection.evaluation.depth.protocol import Crop as Crop
    from vection.evaluation.depth.protocol import DepthProtocol as DepthProtocol
    from vection.evaluation.depth.protocols import PROTOCOLS as PROTOCOLS
    from vection.evaluation.depth.protocols import get_protocol as get_protocol
    from vection.evaluation.depth.result import DepthResult as DepthResult
    from vection.evaluation.objects.result import ObjectResult as ObjectResult
    from vection.evaluation.objects.result import evaluate_object_maps as evaluate_object_maps
    from vection.evaluation.objects.scores import ObjectScores as ObjectScores
    from vection.evaluation.objects.scores import evaluate_objects as evaluate_objects
    from vection.evaluation.paths.camera_path import open_paths as open_paths
    from vection.evaluation.paths.protocol import OdometryProtocol as OdometryProtocol
    from vection.evaluation.paths.protocol import get_odometry_protocol as get_odometry_protocol
    from vection.evaluation.paths.scores import PathScores as PathScores
    from vection.evaluation.paths.scores import score_path as score_path
    from vection.evaluation.predictions.in_memory import predictions_in_memory as predictions_in_memory
    from vection.evaluation.predictions.kinds import PredictedMap as PredictedMap
    from vection.evaluation.predictions.kinds import PredictionReader as PredictionReader
    from vection.evaluation.predictions.read import open_predictions as open_predictions
    from vection.evaluation.truth.measured import measured_truth as measured_truth
    from vection.evaluation.truth.open import open_truth as open_truth
    from vection.evaluation.truth.truth_set import GroundTruth as GroundTruth
    from vection.evaluation.truth.truth_set import TruthSet as TruthSet
    from vection.evaluation.truth.truth_set import truths_in_memory as truths_in_memory
    from vection.formats.camera_path import CameraPath as CameraPath
    from vection.formats.evaluation_file import DepthErrors as DepthErrors

_MODULES = {
    "CameraPath": "vection.formats.camera_path",
    "Comparison": "vection.evaluation.depth.compare",
    "Crop": "vection.evaluation.depth.protocol",
    "DepthErrors": "vection.formats.evaluation_file",
    "DepthProtocol": "vection.evaluation.depth.protocol",
    "DepthResult": "vection.evaluation.depth.result",
    "GroundTruth": "vection.evaluation.truth.truth_set",
    "ObjectResult": "vection.evaluation.objects.result",
    "ObjectScores": "vection.evaluation.objects.scores",
    "OdometryProtocol": "vection.evaluation.paths.protocol",
    "PROTOCOLS": "vection.evaluation.depth.protocols",
    "PathScores": "vection.evaluation.paths.scores",
    "PredictedMap": "vection.evaluation.predictions.kinds",
    "PredictionReader": "vection.evaluation.predictions.kinds",
    "TruthSet": "vection.evaluation.truth.truth_set",
    "compare_with_baselines": "vection.evaluation.depth.compare",
    "computed_predictions": "vection.evaluation.depth.baselines",
    "constant_predictions": "vection.evaluation.depth.baselines",
    "depth_errors": "vection.evaluation.depth.metrics",
    "evaluate_depth": "vection.evaluation.depth.evaluate",
    "evaluate_object_maps": "vection.evaluation.objects.result",
    "evaluate_objects": "vection.evaluation.objects.scores",
    "get_odometry_protocol": "vection.evaluation.paths.protocol",
    "get_protocol": "vection.evaluation.depth.protocols",
    "measured_truth": "vection.evaluation.truth.measured",
    "open_paths": "vection.evaluation.paths.camera_path",
    "open_predictions": "vection.evaluation.predictions.read",
    "open_truth": "vection.evaluation.truth.open",
    "predictions_in_memory": "vection.evaluation.predictions.in_memory",
    "row_mean_predictions": "vection.evaluation.depth.baselines",
    "score_path": "vection.evaluation.paths.scores",
    "truths_in_memory": "vection.evaluation.truth.truth_set",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
