"""How sentences of the library read on the command line."""

import re


def as_flags(sentence: str) -> str:
    """Spell the arguments and settings that a sentence of the library names as the command line takes them.

    The library names them by their Python names in backticks, with a value where that helps.

    >>> as_flags("Give `in_order=True`, leave `path=False` out, set `data.split=NAME` and `method.pretrained=False`.")
    'Give --in-order, leave --no-path out, set --data.split NAME and --method.pretrained false.'
    """
    return re.sub(r"`([a-z_][a-z0-9_.]*)(?:=([^`]+))?`", _flag, sentence)


def _flag(argument: re.Match[str]) -> str:
    name, value = argument[1], argument[2]
    if "." in name:  # a setting: its flag takes every value
        return f"--{name}" if value is None else f"--{name} {value.lower() if value in ('True', 'False') else value}"
    flag = name.replace("_", "-")
    if value in (None, "True"):
        return f"--{flag}"
    return f"--no-{flag}" if value == "False" else f"--{flag} {value}"
