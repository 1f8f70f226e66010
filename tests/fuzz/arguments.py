"""Arguments as nobody types them: words dropped, doubled and swapped, and values that cannot be."""

import contextlib
import io
import re
from functools import cache

import numpy as np

from vection.cli.main import main
from vection.recipes.registry import get_recipe

Words = tuple[str, ...]

SMALL = ("0", "1", "2", "-1", "-0", "0.5", "1.0", "007", "1e0", "1_0", "٣", "²")
NUMBERS = (*SMALL, "nan", "inf", "-inf", "1e400", "99999999999999999999", "0x10", "1,5", "9" * 5000)
PLACES = ("", " ", ".", "..", "a/../b", "/dev/null", "/proc/none", "missing", "ü x", "n" * 300, "images", "~", "-")
TEXTS = ("\x1b[31m", "[/x]", "[bold]", "%s%n", "a\nb", "\udcff", "\u202e", "None", "true", "{}", "--", "=", "--=", "'")
VALUES = (*NUMBERS, *PLACES, *TEXTS)
LONG = re.compile(r"epochs|steps|samples|batch|accumulation|workers|drives|channels|size|scales|layers")
"""Settings that rightly take any large number, and hours with it."""


def other_arguments(words: Words, random: np.random.Generator) -> Words:
    """Change the arguments of a command in one to three ways."""
    for _ in range(int(random.choice([1, 1, 2, 3]))):
        words = (words[0], *_change(words[0], list(words[1:]), random))
    return words


def _change(command: str, words: list[str], random: np.random.Generator) -> list[str]:
    place = int(random.integers(len(words))) if words else 0
    kind = int(random.integers(9))
    if not words or kind == 0:
        words.insert(place, _any(VALUES, random))
    elif kind in (1, 2, 3):
        words[place] = _value(words[place - 1] if place else "", random)
    elif kind == 4:
        del words[place]
    elif kind == 5:
        words.insert(place, words[place])
    elif kind == 6:
        other = int(random.integers(len(words)))
        words[place], words[other] = words[other], words[place]
    elif kind == 7:
        words[place] = words[place][: len(words[place]) // 2]
    else:
        flag = _any(flags_of(command), random)
        words += [flag, _value(flag, random)] if random.random() < 0.7 else [f"{flag}={_value(flag, random)}"]
    return words


def _value(flag: str, random: np.random.Generator) -> str:
    return _any(SMALL if LONG.search(flag) else VALUES, random)


def _any(choices: tuple[str, ...], random: np.random.Generator) -> str:
    return choices[int(random.integers(len(choices)))]


@cache
def flags_of(command: str) -> Words:
    """Return the flags that the help of a command names, and of training the settings of a recipe."""
    help_text = io.StringIO()
    with contextlib.redirect_stdout(help_text):
        main([command, "--help"])
    found = dict.fromkeys(re.findall(r"--[a-z][a-z-]+", help_text.getvalue()))
    found.pop("--compile", None)  # rightly takes a minute
    if command == "train":
        from vection.cli.arguments import dotted_names

        found |= dict.fromkeys(f"--{name}" for name in dotted_names(get_recipe("monodepth2-debug")))
    return tuple(found)
