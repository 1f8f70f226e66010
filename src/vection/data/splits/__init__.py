"""Published lists of frames: found, downloaded, read, checked against each other.

Imports nothing of the library but its small tools.
"""

from vection.data.splits.check import SplitCheck, check_split
from vection.data.splits.list_file import read_split
from vection.data.splits.published import NAMED, NamedSplit, PublishedList, find_split

__all__ = [
    "NAMED",
    "NamedSplit",
    "PublishedList",
    "SplitCheck",
    "check_split",
    "find_split",
    "read_split",
]
