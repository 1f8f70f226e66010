"""What is seen of the frames of a source, and what is to be said of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vection.data.clips.folder import has_clips
from vection.errors import UsageError
from vection.formats.scale_file import RunScale
from vection.formats.window import Window
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, FrameSource, open_sources
from vection.inference.window_rule import TRAINING, WHOLE, WindowRule
from vection.metric_scale.stored import is_seen, stored_scale, view_of
from vection.runs.load import scale_depth


def open_seen(
    predictor: Predictor, frames: Path, *, intrinsics: Path | str | None, frames_per_second: float | None = None
) -> list[FrameSource]:
    """Open frames as the predictor's `rule` sees them; UsageError if they are clips, and the rule is one for others."""
    check_window(predictor.rule.choice, frames)
    return open_sources(frames, intrinsics=intrinsics, rule=predictor.rule, frames_per_second=frames_per_second)


def check_window(window: str, frames: Path) -> None:
    """Raise UsageError if a window is chosen for clips."""
    if window != TRAINING and has_clips(frames):
        raise UsageError(f"The clips of {frames} are seen as they are; leave `window` out.")


def rule_of(predictor: Predictor, source: FrameSource) -> WindowRule:
    """Return the rule by which the frames of a source are seen; clips are whole."""
    return replace(predictor.rule, choice=WHOLE) if source.is_clip else predictor.rule


class SeenFrames:
    """The frames of a source, by whose scale a predictor goes from now on; notes what is seen of them."""

    def __init__(self, predictor: Predictor, checkpoint: Path, source: FrameSource) -> None:
        self.source, self.rule = source, rule_of(predictor, source)
        self.sizes: set[tuple[int, int]] = set()
        self.windows: dict[Window | None, None] = {}
        self.views: dict[Window, None] = {}
        self.have_path = False
        """Whether a path of the frames is known, to which their times belong."""
        self.scale: RunScale | None = stored_scale(checkpoint)
        if self.scale is not None:
            scale_depth(predictor, checkpoint, next(iter(source)))
            self.scale = self.scale if predictor.scale_source == self.scale.source else None

    def __iter__(self) -> Iterator[Frame]:
        """Read the frames in order."""
        for frame in self.source:
            self.sizes.add((frame.image.shape[0], frame.image.shape[1]))
            self.windows[frame.window] = None
            self.views[view_of(frame)] = None
            yield frame

    @property
    def sentences(self) -> list[str]:
        """What was wrong with the frames, and whether they are not seen as in training, in sentences."""
        warning = self.rule.warning(self.sizes, self.windows)
        return [*(f"{fault}." for fault in self.source.faults() + self.faults), *([warning] if warning else [])]

    @property
    def faults(self) -> list[str]:
        """What is wrong with times and with the scale of some of the frames, in words."""
        words = [self.source.assumed] if self.have_path and self.source.assumed else []
        seen = () if self.scale is None else self.scale.seen
        other = next((view for view in self.views if seen and not is_seen(view, seen)), None)
        if other is not None:
            size = f"{other.source_width}x{other.source_height}"
            words.append(f"frames of {size} do not show what the scale was found on, so their metres are wrong")
        return words
