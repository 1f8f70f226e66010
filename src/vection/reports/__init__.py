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
    from vection.reports.results import read_evaluation as read_evaluation
    from vection.reports.results import write_evaluation as write_evaluation
    from vection.reports.run_folder import Event as Event
    from vection.reports.run_folder import Run as Run
    from vection.reports.run_folder import read_events as read_events
    from vection.reports.run_folder import read_run as read_run

_MODULES = {
    "Event": "vection.reports.run_folder",
    "Example": "vection.reports.examples",
    "Run": "vection.reports.run_folder",
    "read_evaluation": "vection.reports.results",
    "read_events": "vection.reports.run_folder",
    "read_examples": "vection.reports.examples",
    "read_run": "vection.reports.run_folder",
    "write_evaluation": "vection.reports.results",
    "write_examples": "vection.reports.examples",
    "write_path": "vection.reports.path_files",
    "write_report": "vection.reports.report",
}

__all__ = list(_MODULES)
__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
