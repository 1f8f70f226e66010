"""One way to look up by name: the nearest names, else where to see them, else all of them."""

import pytest

from vection.errors import UsageError
from vection.names import did_you_mean, look_up

NUMBERS = {"resnet18": 18, "resnet34": 34, "dispnet": 0}


def test_a_known_name_is_returned():
    assert look_up("resnet34", NUMBERS, kind="encoder") == 34


def test_a_misspelt_name_suggests_the_two_nearest():
    with pytest.raises(UsageError, match=r"^There is no encoder 'resnet19'; did you mean resnet18 or resnet34\?$"):
        look_up("resnet19", NUMBERS, kind="encoder", see="see all with: list")


def test_names_of_another_table_are_suggested_too():
    with pytest.raises(UsageError, match="did you mean convnet"):
        look_up("convnett", NUMBERS, kind="encoder", elsewhere=("convnet",))


@pytest.mark.parametrize(("see", "hint"), [("see all with: list", "see all with: list"), (None, "choose one of resn")])
def test_with_nothing_near_it_says_where_to_see_all_or_names_them(see, hint):
    with pytest.raises(UsageError, match=f"; {hint}"):
        look_up("zzz", NUMBERS, kind="encoder", see=see)


def test_nothing_near_is_an_empty_hint():
    assert did_you_mean("zzz", NUMBERS) == ""
