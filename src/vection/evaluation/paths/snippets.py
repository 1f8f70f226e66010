"""Errors of short snippets of paths, of one sequence and pooled over several."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from vection.arrays import Poses
from vection.evaluation.paths.protocol import OdometryProtocol
from vection.evaluation.paths.trajectory import Gaps, SnippetErrors, snippet_errors, steps_from_poses

Speeds = Float[np.ndarray, " step"]


@dataclass(frozen=True)
class SnippetScores:
    """Mean and standard deviation over all snippets of one length."""

    frames: int
    errors: SnippetErrors
    """Of every snippet, of which there is at least one."""
    across_gaps: int = 0
    """Snippets that are left out because frames are missing in them."""

    @property
    def snippets(self) -> int:
        """How many there are."""
        return len(self.errors.translation)

    @property
    def ate(self) -> float:
        """Mean of norm of the differences / number of frames, as published numbers have it."""
        return float(self.errors.translation.mean())

    @property
    def std(self) -> float:
        """Standard deviation of the same over the snippets."""
        return float(self.errors.translation.std())

    @property
    def rmse(self) -> float:
        """Mean of the true root mean squares."""
        return float(self.errors.rmse.mean())

    @property
    def rotation(self) -> float:
        """Mean angle, degrees."""
        return math.degrees(float(self.errors.rotation.mean()))

    def to_json(self) -> dict[str, Any]:
        """Return the numbers, ready for `json.dump`."""
        names = ("frames", "snippets", "across_gaps", "ate", "std", "rmse", "rotation")
        return {name: getattr(self, name) for name in names}


def snippet_scores(
    predicted: Poses, true: Poses, protocol: OdometryProtocol, *, frames: int, gaps: Gaps
) -> SnippetScores | None:
    """Score all snippets of a path of so many `frames` without a gap among them; None for a path without one."""
    errors = snippet_errors(
        steps_from_poses(true),
        steps_from_poses(predicted),
        frames=frames,
        as_released=protocol.as_released,
        fewest_frames=protocol.fewest_frames,
    )
    starts = range(len(errors.translation))
    whole = np.array([not gaps[start : start + frames - 1].any() for start in starts], np.bool_)
    if not whole.any():
        return None
    kept = SnippetErrors(**{key: values[whole] for key, values in vars(errors).items()})
    return SnippetScores(frames, kept, across_gaps=int((~whole).sum()))


def pooled(rows: Iterable[SnippetScores]) -> list[SnippetScores]:
    """Return the scores over all snippets of several sequences, by their length: every snippet has the same weight.

    Of Dynamo-Depth's Table 8 this is the number; the mean of the sequences' means is another.
    """
    by_length: dict[int, list[SnippetErrors]] = {}
    across_gaps = Counter[int]()
    for row in rows:
        by_length.setdefault(row.frames, []).append(row.errors)
        across_gaps[row.frames] += row.across_gaps
    return [
        SnippetScores(
            frames,
            SnippetErrors(**{key: np.concatenate([asdict(one)[key] for one in errors]) for key in asdict(errors[0])}),
            across_gaps[frames],
        )
        for frames, errors in by_length.items()
    ]


def speeds_of(true: Poses, seconds: Float[np.ndarray, " frame"]) -> Speeds:
    """Return metres a second of every step of a true path."""
    return np.asarray(np.linalg.norm(np.diff(true[:, :3, 3], axis=0), axis=1) / np.diff(seconds))


def speed_json(speeds: Iterable[Speeds | None]) -> dict[str, float] | None:
    """Return mean and standard deviation of the speed over all steps; None if no true path has times."""
    known = [path for path in speeds if path is not None]
    if not known:
        return None
    joined = np.concatenate(known)
    return {"mean": float(joined.mean()), "std": float(joined.std())}
