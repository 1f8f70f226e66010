"""Photos and videos that state their focal length need no intrinsics."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vection.data.calibration.metadata import EXIF_IFD, FOCAL_35MM, stated_focal_length
from vection.data.clips.given_intrinsics import resolve_intrinsics
from vection.data.ingest.clip_writer import stated_intrinsics
from vection.inference.sources import open_sources


def write_photo(place: Path, *, focal: int | None = 26) -> Path:
    exif = Image.Exif()
    if focal is not None:
        exif.get_ifd(EXIF_IFD)[FOCAL_35MM] = focal
    Image.fromarray(np.zeros((60, 80, 3), np.uint8)).save(place, exif=exif)
    return place


def test_photos(tmp_path: Path):
    photo = write_photo(tmp_path / "a.jpg")
    assert stated_intrinsics(photo) == stated_intrinsics(tmp_path) == "35mm:26"
    frame = next(iter(open_sources(photo)[0]))
    assert frame.intrinsics == pytest.approx((60.093, 60.093, 39.5, 29.5), abs=1e-3)  # 26 mm of 43.27 mm, of 100 pixels
    assert stated_intrinsics(write_photo(tmp_path / "b.jpg", focal=0)) is None
    assert stated_intrinsics(write_photo(tmp_path / "c.jpg", focal=None)) is None
    (tmp_path / "d.jpg").write_bytes(photo.read_bytes()[:200])
    assert stated_focal_length(tmp_path / "d.jpg", image=True) is None
    (tmp_path / "intrinsics.json").write_text("{}")
    assert stated_intrinsics(photo) == tmp_path / "intrinsics.json"


def test_videos(tmp_path: Path):
    with av.open(str(tmp_path / "a.mov"), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata["com.apple.quicktime.camera.focal_length.35mm_equivalent"] = "28"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 64, 48
        for packet in stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")):
            container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    assert stated_intrinsics(tmp_path / "a.mov") == "35mm:28"
    camera = resolve_intrinsics("35mm:28", width=1920, height=1080)
    assert camera.field_of_view == pytest.approx(67.9, abs=0.1)
    assert camera.source == "35 mm equivalent focal length 28 mm"
