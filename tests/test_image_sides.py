"""What can be ingested, prepared or imported can be trained: one rule."""

import pytest

from vection.errors import UsageError
from vection.image_sides import check_image_sides


@pytest.mark.parametrize(("width", "height"), [(64, 64), (416, 128), (640, 192)])
def test_sides_that_fit(width, height):
    check_image_sides(width=width, height=height)


@pytest.mark.parametrize(("width", "height"), [(100, 64), (64, 100), (64, 32), (32, 64), (0, 64)])
def test_sides_that_do_not(width, height):
    with pytest.raises(UsageError, match=f"^Images of {width}x{height} do not fit .*from 64 to 16384.$"):
        check_image_sides(width=width, height=height)
