"""Write the README's picture from a finished demo: image, learned depth, true depth and error of held-out frames.

python docs/demo_picture.py demo/run docs/pictures/demo.png
"""

import sys
from pathlib import Path

import numpy as np

from vection.arrays import RgbImage
from vection.data.clips.folder import write_rgb
from vection.reports.examples import Example, read_examples
from vection.reports.pictures import colour_depth, colour_error, depth_range

FRAMES = 4
"""Rows of the picture."""


def main(run: Path, out: Path) -> None:
    """Stack the first frames of the run's examples."""
    examples = [example for example in read_examples(run / "examples") if example.truth is not None]
    out.parent.mkdir(parents=True, exist_ok=True)
    write_rgb(out, np.concatenate([row(example) for example in examples[:FRAMES]]))


def row(example: Example) -> RgbImage:
    """Image, prediction and truth in one range of colours, error."""
    assert example.truth is not None
    limits = depth_range(example.truth)
    parts = (
        example.image,
        colour_depth(example.depth, limits),
        colour_depth(example.truth, limits),
        colour_error(example.depth, truth=example.truth),
    )
    return np.concatenate(parts, axis=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
