"""The doctor: examines video and frames before anything is learned from them, and says what is wrong and what to do.

Imports the rest of `ingest` but ingestion itself. Each check is a function of a sample, of the steps between its
frames, of pairs measured in it or of what the file says.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.data.ingest.doctor.examination import examine as examine
    from vection.data.ingest.doctor.examination import examine_all as examine_all
    from vection.data.ingest.doctor.finding import Diagnosis as Diagnosis
    from vection.data.ingest.doctor.finding import Finding as Finding

_MODULES = {
    "Diagnosis": "vection.data.ingest.doctor.finding",
    "Finding": "vection.data.ingest.doctor.finding",
    "examine": "vection.data.ingest.doctor.examination",
    "examine_all": "vection.data.ingest.doctor.examination",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
