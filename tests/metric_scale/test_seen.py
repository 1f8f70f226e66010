"""A scale belongs to the part of the image that was seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np

import vection
from vection.cli.main import main
from vection.data.clips.folder import ClipInfo, write_rgb
from vection.formats.checkpoint import weights_digest
from vection.formats.run_folder import RunFolder
from vection.formats.scale_file import RunScale, ScaleReading, write_scale
from vection.formats.window import Window
from vection.inference.sources import Frame
from vection.runs.load import scale_depth


def store_scale(run: Path, **about: object) -> None:
    """Two metres a unit, found with the whole weights at the size of training."""
    reading = ScaleReading("test", 2.0, 0.01, None, 1, ("0",), (2.0,))
    weights = weights_digest(RunFolder(run).best)
    write_scale(RunFolder(run).scale, RunScale(2.0, 0.01, (reading,), "best", weights, 416, 128, **about))


def test_a_scale_is_that_of_the_part_of_the_image_that_was_seen(run, tmp_path, capsys):
    """Clips were cut from a video, which `street` sees whole and squeezed."""
    cut = Window(640, 360, 0, 82, 640, 197)
    store_scale(run, seen=(cut,))
    raw = vection.load(run)
    assert raw.unit == "up-to-scale"
    assert (
        "frames that show rows 82 to 278 of 640x360, 55 % of the image (these show all of 640x360" in raw.scale_source
    )
    assert vection.load(run, window="cut").unit == "metres"

    place, image = RunFolder(run).best, np.zeros((360, 640, 3), np.uint8)
    small = np.zeros((128, 416, 3), np.uint8)
    shown = ClipInfo(tmp_path, "", 416, 128, "up-to-scale", "", (), window=cut)
    units = {}
    for name, frame in {
        "video": Frame("0", image),
        "clip": Frame("0", small, clip=shown),
        "other part": Frame("0", small, clip=replace(shown, window=Window(640, 360, 0, 0, 640, 197))),
        "other shape": Frame("0", small, clip=replace(shown, window=Window(640, 480, 0, 142, 640, 197))),
        "other resolution": Frame("0", small, clip=replace(shown, window=Window(1280, 720, 0, 164, 1280, 394))),
        "nearly": Frame("0", small, clip=replace(shown, window=Window(640, 360, 0, 76, 640, 205))),
    }.items():
        scale_depth(raw, place, frame)
        units[name] = (raw.unit, raw.depth_scale)
    apart, metres = ("up-to-scale", 1.0), ("metres", 2.0)
    assert units == {
        "video": apart,
        "clip": metres,
        "other part": apart,
        "other shape": apart,
        "other resolution": metres,
        "nearly": metres,
    }

    write_rgb(tmp_path / "photo.png", image)
    predict = f"predict {run} {tmp_path}/photo.png --device cpu --no-video --out {tmp_path}"
    assert main(f"{predict}/a".split()) == 0
    said = capsys.readouterr().out
    assert "depth up-to-scale" in said
    assert "--window chooses); find it again (`vection scale` with --replace)" in said
    assert main(f"{predict}/b --window cut".split()) == 0
    assert "depth metres (scale: test" in capsys.readouterr().out
    store_scale(run)  # of an older version, which says no more than the word
    assert vection.load(run).unit == "metres"
    assert vection.load(run, window="cut").unit == "up-to-scale"
