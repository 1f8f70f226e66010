"""What training iterates over: torch data sets of clips, of KITTI raw, of labelled images.

Imports `data.clips`, `data.splits`, `data.readers` and `samples`. Names are imported when they are used.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.data.sets.clip_dataset import ClipDataset as ClipDataset
    from vection.data.sets.kitti_raw import KittiRawDataset as KittiRawDataset
    from vection.data.sets.kitti_raw import KittiSettings as KittiSettings
    from vection.data.sets.labelled import LabelledClips as LabelledClips
    from vection.data.sets.labelled import LabelledDataset as LabelledDataset
    from vection.data.sets.validation_split import split_validation as split_validation

_MODULES = {
    "ClipDataset": "vection.data.sets.clip_dataset",
    "KittiRawDataset": "vection.data.sets.kitti_raw",
    "KittiSettings": "vection.data.sets.kitti_raw",
    "LabelledClips": "vection.data.sets.labelled",
    "LabelledDataset": "vection.data.sets.labelled",
    "split_validation": "vection.data.sets.validation_split",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
