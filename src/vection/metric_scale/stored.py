"""The scale of a run: where it is stored, and when it holds."""

from pathlib import Path

from vection.errors import UsageError
from vection.formats.checkpoint import weights_digest
from vection.formats.run_folder import RunFolder
from vection.formats.scale_file import RunScale, read_scale
from vection.formats.window import Window
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame
from vection.inference.window_rule import LEAST_CUT, WindowRule


def scale_file(checkpoint: Path) -> Path:
    """Return where the scale of a checkpoint's run is stored; of one without a run beside its weights."""
    of_run = checkpoint.parent.name == "checkpoints" and not RunFolder(checkpoint).scale.is_file()
    return RunFolder(checkpoint.parent.parent if of_run else checkpoint).scale


def stored_scale(checkpoint: Path) -> RunScale | None:
    """Return the scale that was stored, whatever weights it is of; None if there is none."""
    path = scale_file(checkpoint)
    return read_scale(path) if path.is_file() else None


def apply_scale(predictor: Predictor, checkpoint: Path, frame: Frame | None = None) -> None:
    """Turn depth into metres if a scale of these weights, of this size and view, is stored; else say why not.

    The view is that of `frame`, else what the predictor's rule shows of the images that the scale was found on.
    """
    scale = stored_scale(checkpoint)
    if scale is None:
        return
    other = what_else(scale, predictor, checkpoint, frame)
    if not other:
        predictor.depth_scale, predictor.unit, predictor.scale_source = scale.factor, "metres", scale.source
    elif predictor.unit != "metres":
        again = "find it again (`vection scale` with `replace=True`)"
        predictor.scale_source = f"none: the scale that was found is that of {other}; {again}"


def what_else(scale: RunScale, predictor: Predictor, checkpoint: Path, frame: Frame | None = None) -> str:
    """Return of what else a scale is than of these weights, this size and view, in words; empty if of these."""
    if weights_digest(checkpoint) != scale.weights:
        return f"other weights ({scale.checkpoint})"
    if (predictor.width, predictor.height) != (scale.width, scale.height):
        return f"images of {scale.width}x{scale.height}"
    if not scale.seen:  # of an older version
        return "" if predictor.rule.choice == scale.window else f"frames of which `window={scale.window}` is seen"
    view = _shown(predictor.rule, scale.seen) if frame is None else view_of(frame)
    if view is None or is_seen(view, scale.seen, placed=frame is not None):
        return ""
    return f"frames that show {_words(scale.seen[0])} (these show {_words(view)}; `window` chooses)"


def view_of(frame: Frame) -> Window:
    """Return what a frame shows of an image of its source; of a clip that does not say it, the stored frame."""
    window = frame.window if frame.clip is None else frame.clip.window
    return window or Window.of(frame.image.shape)


def is_seen(view: Window, views: tuple[Window, ...], *, placed: bool = True) -> bool:
    """Return whether a view is one of `views` but for what is never cut; without `placed` wherever it lies."""
    return any(_are_alike(view, one, placed=placed) for one in views)


def _are_alike(first: Window, second: Window, *, placed: bool) -> bool:
    size = (first.source_height, first.source_width)
    if not second.fits(size):
        return False
    second = second.resized(size)
    lenses = [None if one.lens is None else (one.lens.fisheye, one.lens.field_of_view) for one in (first, second)]
    sides = (first.source_width, first.source_height) * 2
    apart = [abs(a - b) / side for a, b, side in zip(first.box, second.box, sides, strict=True)]
    return max(apart if placed else apart[2:]) <= LEAST_CUT and (not placed or lenses[0] == lenses[1])


def _shown(rule: WindowRule, views: tuple[Window, ...]) -> Window | None:
    """Return what the rule shows of the first image whose shown part is none of `views`; None if there is no such."""
    for one in views:
        size = (one.source_height, one.source_width)
        try:
            shown = rule.window(size) or Window.of(size)
        except UsageError:  # the choice is a clip whose source has another shape
            continue
        if not is_seen(shown, views, placed=False):
            return shown
    return None


def _words(view: Window) -> str:
    whole = f"all of {view.source_width}x{view.source_height}"
    return view.words if view.share < 1 else ", ".join(filter(None, (whole, view.words)))
