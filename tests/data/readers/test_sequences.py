"""What all readers share: listed frames become frames of a sequence, broken sequences are skipped."""

import numpy as np
import pytest

from vection.data.clips.intrinsics import assumed_intrinsics
from vection.data.readers.sequences import DataSequence, ListingDraft, SourceFrame, sequence_frames
from vection.data.splits.listed_frames import ListedFrame
from vection.errors import DataError

FRAME = SourceFrame(np.zeros((2, 3, 3), np.uint8), assumed_intrinsics(width=3, height=2))


def test_listed_frames_get_their_name_time_and_reader_by_number():
    first, second = sequence_frames(
        [ListedFrame(7, target=False, follows=False), ListedFrame(8, target=True, follows=True)],
        name="{:03d}".format,
        seconds=lambda number: number / 10,
        read=lambda number: lambda: FRAME,
    )
    assert (first.name, first.seconds, first.target, first.follows) == ("007", 0.7, False, False)
    assert (second.name, second.target, second.follows, second.read()) == ("008", True, True, FRAME)


def test_a_broken_sequence_is_skipped_and_named():
    draft = ListingDraft()
    for name in ("whole", "broken", "last"):
        with draft.skipping(name):
            if name == "broken":
                raise DataError("it is cut off.")
            draft.sequences.append(DataSequence(name, ()))
    listing = draft.finish()
    assert [sequence.name for sequence in listing.sequences] == ["whole", "last"]
    assert listing.skipped == (("broken", "it is cut off."),)


def test_what_was_listed_before_the_damage_stays():
    draft = ListingDraft()
    with draft.skipping("a"):
        draft.sequences.append(DataSequence("a", ()))
        raise DataError("the end is missing.")
    assert draft.finish().sequences == (DataSequence("a", ()),)
    assert draft.finish().skipped == (("a", "the end is missing."),)


def test_a_bug_is_no_damage():
    with pytest.raises(ZeroDivisionError), ListingDraft().skipping("a"):
        raise ZeroDivisionError
