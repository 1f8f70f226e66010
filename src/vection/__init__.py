"""Depth, camera path and object motion, learned from your own unlabeled video.

What one calls stands here: `vection.ingest`, `train`, `predict`, `evaluate`, `load` and their like; `docs/library.md`
shows them. The packages below (`geometry`, `losses`, `networks`, `methods`, `evaluation` ...) are usable alone.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.data.clips.folder import read_clip as read_clip
    from vection.data.ingest.clip_writer import IngestSettings as IngestSettings
    from vection.data.ingest.ingestion import ingest as ingest
    from vection.data.prepare.preparation import prepare as prepare
    from vection.data.readers.sequences import PrepareSettings as PrepareSettings
    from vection.errors import DataError as DataError
    from vection.errors import UsageError as UsageError
    from vection.errors import VectionError as VectionError
    from vection.exports.settings import ExportSettings as ExportSettings
    from vection.inference.prediction import Prediction as Prediction
    from vection.inference.predictor import Predictor as Predictor
    from vection.metric_scale.sources import ScaleSources as ScaleSources
    from vection.recipes.recipe import Recipe as Recipe
    from vection.recipes.registry import get_recipe as get_recipe
    from vection.recipes.registry import recipe_names as recipe_names
    from vection.reports.report import write_report
    from vection.runs.adaptation.adapt import adapt as adapt
    from vection.runs.adaptation.adapt import adaptation_recipe as adaptation_recipe
    from vection.runs.evaluate import evaluate as evaluate
    from vection.runs.evaluate import evaluate_maps as evaluate_maps
    from vection.runs.export import export as export
    from vection.runs.export import view as view
    from vection.runs.import_weights import import_run as import_run
    from vection.runs.load import load_predictor
    from vection.runs.metric.scale import scale as scale
    from vection.runs.odometry import odometry as odometry
    from vection.runs.predict import predict as predict
    from vection.runs.publishing.publish import publish as publish
    from vection.runs.train import train as train
    from vection.runs.videos import train_on_videos as train_on_videos

    load = load_predictor
    report = write_report

_MODULES = {
    "DataError": "vection.errors",
    "ExportSettings": "vection.exports.settings",
    "IngestSettings": "vection.data.ingest.clip_writer",
    "Prediction": "vection.inference.prediction",
    "Predictor": "vection.inference.predictor",
    "PrepareSettings": "vection.data.readers.sequences",
    "Recipe": "vection.recipes.recipe",
    "ScaleSources": "vection.metric_scale.sources",
    "UsageError": "vection.errors",
    "VectionError": "vection.errors",
    "adapt": "vection.runs.adaptation.adapt",
    "adaptation_recipe": "vection.runs.adaptation.adapt",
    "evaluate": "vection.runs.evaluate",
    "evaluate_maps": "vection.runs.evaluate",
    "export": "vection.runs.export",
    "get_recipe": "vection.recipes.registry",
    "import_run": "vection.runs.import_weights",
    "ingest": "vection.data.ingest.ingestion",
    "load": "vection.runs.load:load_predictor",
    "odometry": "vection.runs.odometry",
    "predict": "vection.runs.predict",
    "prepare": "vection.data.prepare.preparation",
    "publish": "vection.runs.publishing.publish",
    "read_clip": "vection.data.clips.folder",
    "recipe_names": "vection.recipes.registry",
    "report": "vection.reports.report:write_report",
    "scale": "vection.runs.metric.scale",
    "train": "vection.runs.train",
    "train_on_videos": "vection.runs.videos",
    "view": "vection.runs.export",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
