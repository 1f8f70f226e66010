"""Published weights of other programs, turned into methods of this library.

Imports `methods` and `networks`. Files are read without running any code in them.
"""

from vection.foreign_weights.dynamo_depth import convert_dynamo_depth
from vection.foreign_weights.layouts import Imported, import_checkpoint, layout_of, read_public_files
from vection.foreign_weights.lite_mono import convert_lite_mono
from vection.foreign_weights.monodepth2 import convert_monodepth2
from vection.foreign_weights.motion_field import convert_motion_field
from vection.foreign_weights.sc_depth_pl import convert_sc_depth_pl
from vection.foreign_weights.sc_sfmlearner import convert_sc_sfmlearner
from vection.foreign_weights.sgdepth import convert_sgdepth

__all__ = [
    "Imported",
    "convert_dynamo_depth",
    "convert_lite_mono",
    "convert_monodepth2",
    "convert_motion_field",
    "convert_sc_depth_pl",
    "convert_sc_sfmlearner",
    "convert_sgdepth",
    "import_checkpoint",
    "layout_of",
    "read_public_files",
]
