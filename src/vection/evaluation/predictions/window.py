"""Whether a prediction shows the part of the image that it is compared with."""

from vection.arrays import CameraNumbers
from vection.errors import UsageError
from vection.formats.window import Window

MOST = 1.12
"""By which factor focal length or ratio of the sides may differ: sizes of networks do a little, and learned cameras, as
predictions of earlier versions state them."""
SAME_PART = 0.02
"""By how much of the image's sides two windows may differ that show the same."""


def relative_window(name: str, own: Window | None, true: Window | None) -> Window | None:
    """Return what a prediction shows of what its truth shows: `own` if that is a whole image, else everything (None).

    A prediction without a window is of what the truth shows. Raises UsageError if the truth is of another part.
    """
    if own is None or true is None or true.is_whole:
        return own
    size = (own.source_height, own.source_width)
    if true.fits(size) and (true.lens is None) == (own.lens is None):
        sides = (own.source_width, own.source_height) * 2
        pairs = zip(own.box, true.resized(size).box, sides, strict=True)
        if all(abs(ours - theirs) <= SAME_PART * side for ours, theirs, side in pairs):
            return None
    raise UsageError(
        f"The prediction of '{name}' is of {own.words or 'the whole image'}, its truth of {true.words}; predict the "
        "same part, as by predicting the clips that hold the truth."
    )


def check_window(
    name: str,
    *,
    size: tuple[int, ...],
    intrinsics: CameraNumbers | None,
    true_size: tuple[int, ...],
    true_focal: tuple[float, float] | None,
    by_sides: bool = True,
) -> None:
    """Raise UsageError unless a predicted map shows what the truth (or its window) of `true_size` shows.

    `size` and `true_size` are (height, width), `intrinsics` those of the map, `true_focal` fx, fy of the truth, in
    pixels. Seen through the same window both have the same focal length in widths and in heights of it; where one is
    unknown the ratio of the sides must agree, if `by_sides`.

    >>> check_window("a", size=(128, 416), intrinsics=None, true_size=(512, 1664), true_focal=None)
    >>> check_window("a", size=(128, 416), intrinsics=None, true_size=(1024, 2048), true_focal=None)
    Traceback (most recent call last):
    vection.errors.UsageError: The prediction of 'a', 416x128, does not show what the truth, 2048x1024, shows; ...
    """
    (height, width), (true_height, true_width) = size[:2], true_size[:2]
    if intrinsics is not None and true_focal is not None:
        across = (intrinsics[0] / width) / (true_focal[0] / true_width)
        down = (intrinsics[1] / height) / (true_focal[1] / true_height)
    elif by_sides:
        across, down = (width / height) / (true_width / true_height), 1.0
    else:
        return
    if not all(1 / MOST < factor < MOST for factor in (across, down)):
        raise UsageError(
            f"The prediction of '{name}', {width}x{height}, does not show what the truth, {true_width}x{true_height}, "
            "shows; predict on the same window of the image (of Cityscapes: vection prepare with `variant=whole`), or "
            "cut other programs' maps to it and resize them to the size of the truth."
        )
