"""The HTML report of a run, and the pictures and tables in it.

Imports `evaluation` and `inference`. Names are imported when they are used.
"""

from typing import TYPE_CHECKING

from vection.lazy import lazy_exports

if TYPE_CHECKING:
    from vection.reports.examples import Example as Example
    from vection.reports.examples import read_examples as read_examples
    from vection.reports.examples import write_examples as write_examples
    from vection.reports.path_files import write_path as write_path
    from vection.reports.report import write_report as write_report
    from vection.reports.run import Run as Run
    from vection.reports.run import read_run as read_run

_MODULES = {
    "Example": "vection.reports.examples",
    "Run": "vection.reports.run",
    "read_examples": "vection.reports.examples",
    "read_run": "vection.reports.run",
    "write_examples": "vection.reports.examples",
    "write_path": "vection.reports.path_files",
    "write_report": "vection.reports.report",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
