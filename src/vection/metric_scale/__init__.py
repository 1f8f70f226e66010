"""From depth up to a scale to metres: what a known height, speed, distance or baseline says, and whether it agrees."""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.metric_scale.camera_height import CameraHeight as CameraHeight
    from vection.metric_scale.combine import combine as combine
    from vection.metric_scale.combine import read_factors as read_factors
    from vection.metric_scale.evidence import Evidence as Evidence
    from vection.metric_scale.evidence import Factors as Factors
    from vection.metric_scale.known_distances import KnownDistance as KnownDistance
    from vection.metric_scale.known_distances import KnownDistances as KnownDistances
    from vection.metric_scale.sources import ScaleSources as ScaleSources
    from vection.metric_scale.stereo import StereoBaseline as StereoBaseline
    from vection.metric_scale.travel import Travelled as Travelled
    from vection.metric_scale.travel_file import Travel as Travel
    from vection.metric_scale.travel_file import read_travel as read_travel

_MODULES = {
    "CameraHeight": "vection.metric_scale.camera_height",
    "Evidence": "vection.metric_scale.evidence",
    "Factors": "vection.metric_scale.evidence",
    "KnownDistance": "vection.metric_scale.known_distances",
    "KnownDistances": "vection.metric_scale.known_distances",
    "ScaleSources": "vection.metric_scale.sources",
    "StereoBaseline": "vection.metric_scale.stereo",
    "Travel": "vection.metric_scale.travel_file",
    "Travelled": "vection.metric_scale.travel",
    "combine": "vection.metric_scale.combine",
    "read_factors": "vection.metric_scale.combine",
    "read_travel": "vection.metric_scale.travel_file",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
