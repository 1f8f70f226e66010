"""A published data set, in its owners' layout, into clip folders.

Imports `data.readers`, `data.ingest`, `data.clips` and `data.splits`. Names are imported when they are used.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.data.prepare.clip import Skipped as Skipped
    from vection.data.prepare.data_sets import DATA_SETS as DATA_SETS
    from vection.data.prepare.data_sets import DataSet as DataSet
    from vection.data.prepare.data_sets import get_data_set as get_data_set
    from vection.data.prepare.preparation import Prepared as Prepared
    from vection.data.prepare.preparation import prepare as prepare

_MODULES = {
    "DATA_SETS": "vection.data.prepare.data_sets",
    "DataSet": "vection.data.prepare.data_sets",
    "Prepared": "vection.data.prepare.preparation",
    "Skipped": "vection.data.prepare.clip",
    "get_data_set": "vection.data.prepare.data_sets",
    "prepare": "vection.data.prepare.preparation",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
