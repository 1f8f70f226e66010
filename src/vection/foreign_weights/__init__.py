"""Published weights of other programs, turned into methods of this library.

Imports `methods` and `networks`. Files are read without running any code in them. Names are
imported when they are used, because help must not wait for torch.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.foreign_weights.dynamo_depth import convert_dynamo_depth as convert_dynamo_depth
    from vection.foreign_weights.layout_names import LayoutName as LayoutName
    from vection.foreign_weights.layouts import Imported as Imported
    from vection.foreign_weights.layouts import import_checkpoint as import_checkpoint
    from vection.foreign_weights.layouts import layout_of as layout_of
    from vection.foreign_weights.layouts import read_public_files as read_public_files
    from vection.foreign_weights.lite_mono import convert_lite_mono as convert_lite_mono
    from vection.foreign_weights.monodepth2 import convert_monodepth2 as convert_monodepth2
    from vection.foreign_weights.motion_field import convert_motion_field as convert_motion_field
    from vection.foreign_weights.sc_depth_pl import convert_sc_depth_pl as convert_sc_depth_pl
    from vection.foreign_weights.sc_sfmlearner import convert_sc_sfmlearner as convert_sc_sfmlearner
    from vection.foreign_weights.sgdepth import convert_sgdepth as convert_sgdepth

_MODULES = {
    "Imported": "vection.foreign_weights.layouts",
    "LayoutName": "vection.foreign_weights.layout_names",
    "convert_dynamo_depth": "vection.foreign_weights.dynamo_depth",
    "convert_lite_mono": "vection.foreign_weights.lite_mono",
    "convert_monodepth2": "vection.foreign_weights.monodepth2",
    "convert_motion_field": "vection.foreign_weights.motion_field",
    "convert_sc_depth_pl": "vection.foreign_weights.sc_depth_pl",
    "convert_sc_sfmlearner": "vection.foreign_weights.sc_sfmlearner",
    "convert_sgdepth": "vection.foreign_weights.sgdepth",
    "import_checkpoint": "vection.foreign_weights.layouts",
    "layout_of": "vection.foreign_weights.layouts",
    "read_public_files": "vection.foreign_weights.layouts",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
