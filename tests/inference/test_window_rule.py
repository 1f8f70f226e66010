"""Which part of raw images is seen, by what the clips of the training showed."""

import pytest

from vection.data.clips.intrinsics import CameraIntrinsics, from_numbers
from vection.errors import UsageError
from vection.formats.window import Lens, TrainingWindow, Window
from vection.inference.window_rule import WindowRule

LENS = Lens(300.0, 300.0, 160.0, 90.0, -0.2, 0.0, 0.0, 0.0, 0.0)
DRIVE = TrainingWindow(("drive",), Window.of((180, 320), (0, 30, 320, 107)), "keep-aspect")
WALK = TrainingWindow(("walk",), Window.of((180, 320), (0, 60, 320, 107)), "keep-aspect")
SQUEEZED = TrainingWindow((), Window.of((512, 1024)), "stretch")
ALIKE = TrainingWindow((), Window.of((384, 1200)), "stretch")
RENDERED = TrainingWindow((), None, "keep-aspect")
BENT = TrainingWindow(("bent",), Window.of((180, 320), (0, 30, 320, 107), LENS), "keep-aspect")


def box(rule: WindowRule, size: tuple[int, int], camera: CameraIntrinsics | None = None) -> tuple[int, ...] | None:
    window = rule.window(size, camera)
    return None if window is None else window.box


@pytest.mark.parametrize(
    ("trained", "size", "expected"),
    [
        ((), (180, 320), None),  # nobody knows
        ((DRIVE,), (180, 320), (0, 30, 320, 107)),
        ((DRIVE,), (720, 1280), (0, 120, 1280, 428)),
        ((DRIVE,), (480, 640), (0, 134, 640, 213)),  # another camera: from the middle
        ((DRIVE,), (640, 480), (0, 240, 480, 160)),
        ((DRIVE,), (100, 600), (150, 0, 300, 100)),
        ((DRIVE,), (375, 1150), None),  # nearly of the network's shape
        ((DRIVE, WALK), (180, 320), (0, 36, 320, 107)),  # two cameras of this shape, cut at different places
        ((RENDERED,), (180, 320), (0, 36, 320, 107)),
        ((SQUEEZED,), (512, 1024), None),
        ((SQUEEZED,), (180, 320), None),
        ((SQUEEZED, DRIVE), (480, 640), None),  # it has learned both; nothing says which
        ((ALIKE, RENDERED), (480, 640), (0, 134, 640, 213)),
        ((ALIKE,), (480, 640), None),
    ],
)
def test_what_is_seen(trained: tuple[TrainingWindow, ...], size: tuple[int, int], expected: tuple[int, ...] | None):
    assert box(WindowRule(64, 192, trained), size) == expected


def test_images_are_cut_about_the_centre_of_their_camera():
    camera = from_numbers((500.0, 500.0, 319.5, 150.0), width=640, height=480)
    assert box(WindowRule(64, 192, (RENDERED,)), (480, 640), camera) == (0, 44, 640, 213)


def test_a_network_that_is_given_another_size_sees_the_largest_part_of_that_shape():
    assert box(WindowRule(96, 192, (DRIVE,)), (180, 320)) == (0, 10, 320, 160)


def test_choices():
    rule = WindowRule(64, 192, (DRIVE, WALK))
    assert box(rule.choose("whole"), (180, 320)) is None
    assert box(rule.choose("cut"), (180, 320)) == (0, 36, 320, 107)
    assert box(rule.choose("walk"), (360, 640)) == (0, 120, 640, 214)
    with pytest.raises(UsageError, match="no window 'wlak'; did you mean walk"):
        rule.choose("wlak")
    with pytest.raises(UsageError, match="320x180, these are 640x480, another shape"):
        rule.choose("walk").window((480, 640))


def test_a_lens_is_undone_where_it_is_known():
    rule = WindowRule(64, 192, (BENT,))
    camera = CameraIntrinsics(320, 180, 300.0, 300.0, 160.0, 90.0, "given", (-0.2, 0.0, 0.0, 0.0, 0.0))
    seen = rule.window((180, 320), camera)
    assert seen is not None
    assert seen == BENT.window
    assert rule.choose("bent").window((180, 320)) == BENT.window
    unknown = rule.window((180, 320))
    assert unknown is not None
    assert unknown.lens is None
    assert "distortion" in rule.warning({(107, 320)}, [unknown])
    assert rule.warning({(107, 320)}, [seen]) == ""
    assert WindowRule(64, 192, (BENT, DRIVE)).warning({(107, 320)}, [unknown]) == ""


def test_other_programs_are_told_how_images_were_cut():
    assert "cut to 192:64" in WindowRule(64, 192, (DRIVE,)).words
    assert WindowRule(64, 192, (SQUEEZED,)).words == ""
    assert WindowRule(64, 192).words == ""
