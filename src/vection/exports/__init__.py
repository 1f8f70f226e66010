"""Predictions as other programs take them: points, reconstructions, recordings, depth maps, paths, a page to look at.

Imports `inference` for the frames that were predicted, and `data`. Names are imported when they are used.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.exports.points import FusedPoints as FusedPoints
    from vection.exports.points import Points as Points
    from vection.exports.points import fuse as fuse
    from vection.exports.registry import FORMATS as FORMATS
    from vection.exports.registry import Format as Format
    from vection.exports.scene import Scene as Scene
    from vection.exports.scene import SceneFrame as SceneFrame
    from vection.exports.scene import SceneNeeds as SceneNeeds
    from vection.exports.scene import open_scene as open_scene
    from vection.exports.settings import ExportSettings as ExportSettings

_MODULES = {
    "FORMATS": "vection.exports.registry",
    "ExportSettings": "vection.exports.settings",
    "Format": "vection.exports.registry",
    "FusedPoints": "vection.exports.points",
    "Points": "vection.exports.points",
    "Scene": "vection.exports.scene",
    "SceneFrame": "vection.exports.scene",
    "SceneNeeds": "vection.exports.scene",
    "fuse": "vection.exports.points",
    "open_scene": "vection.exports.scene",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
