"""The training loop and what belongs to it: augmentation, log, checks of health.

Imports `methods`, `networks`, `samples` and `geometry`; knows no recipe and opens no data. Names
are imported when they are used.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.training.augmentation.augment import augment as augment
    from vection.training.augmentation.settings import Augmentation as Augmentation
    from vection.training.data import Data as Data
    from vection.training.loop import Training as Training
    from vection.training.settings import Stage as Stage
    from vection.training.settings import TrainingSettings as TrainingSettings

_MODULES = {
    "Augmentation": "vection.training.augmentation.settings",
    "Data": "vection.training.data",
    "Stage": "vection.training.settings",
    "Training": "vection.training.loop",
    "TrainingSettings": "vection.training.settings",
    "augment": "vection.training.augmentation.augment",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
