import numpy as np
import pytest

from vection.formats.window import Lens, Window, seen_words

ZERO = (0.0, 0.0, 0.0, 0.0)


def test_words_say_what_is_seen():
    assert Window.of((180, 320)).words == ""
    assert Window.of((180, 320), (0, 36, 320, 107)).words == "rows 36 to 142 of 320x180, 59 % of the image"
    assert Window.of((100, 200), (50, 0, 100, 100)).words == "columns 50 to 149 of 200x100, 50 % of the image"
    lens = Lens(100.0, 100.0, 50.0, 50.0, 0.1, *ZERO)
    assert Window.of((100, 100), lens=lens).words == "undistorted"
    assert Window.of((100, 100), (0, 0, 100, 50), lens).words.endswith("50 % of the image, undistorted")


def test_words_of_many_frames():
    rows = Window.of((100, 100), (0, 0, 100, 50))
    assert seen_words([rows, rows]) == rows.words
    assert seen_words([None, rows]).startswith(rows.words)
    assert "other sizes" in seen_words([None, rows])
    assert seen_words([None, Window.of((4, 4))]) == ""


def test_a_window_at_another_size():
    window = Window.of((180, 320), (0, 36, 320, 108), Lens(200.0, 210.0, 159.5, 89.5, 0.1, *ZERO))
    double = window.resized((360, 640))
    assert double.box == (0, 72, 640, 216)
    assert double.lens == Lens(400.0, 420.0, 319.5, 179.5, 0.1, *ZERO)
    assert window.resized((180, 320)) is window
    assert window.fits((361, 640))
    assert not window.fits((480, 640))


def test_a_map_is_put_back_to_its_place():
    window = Window.of((4, 6), (1, 2, 3, 2))
    placed = window.placed(np.ones((2, 3), np.float32), (4, 6), fill=np.nan)
    assert np.argwhere(np.isfinite(placed)).tolist() == [[2, 1], [2, 2], [2, 3], [3, 1], [3, 2], [3, 3]]
    assert window.camera((5.0, 6.0, 2.5, 1.5)) == (5.0, 6.0, 1.5, -0.5)
    assert Window.of((400, 400), (0, 0, 1, 1)).bounds((4, 4)) == (0, 1, 0, 1)


def test_a_window_outside_of_its_image():
    with pytest.raises(ValueError, match="does not lie in the image"):
        Window.of((4, 6), (4, 0, 3, 4))
