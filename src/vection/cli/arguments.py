"""From arguments to a typed dataclass, through tyro; every mistake is one sentence."""

import contextlib
import dataclasses
import inspect
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, takewhile
from typing import TypeVar

import tyro

from vection.errors import UsageError
from vection.names import did_you_mean

Arguments = TypeVar("Arguments")


def parse(kind: type[Arguments], arguments: Sequence[str], *, command: str, examples: Sequence[str]) -> Arguments:
    """Return the arguments as a `kind`. A mistake is a UsageError; `--help` prints and raises SystemExit(0)."""
    parsed, unknown = parse_known(kind, arguments, command=command, examples=examples)
    if unknown:
        raise unknown_argument(unknown[0], flags(kind), command=command)
    return parsed


def parse_known(
    kind: type[Arguments], arguments: Sequence[str], *, command: str, examples: Sequence[str]
) -> tuple[Arguments, list[str]]:
    """Return the arguments as a `kind`, and those that it does not know."""
    for before, word in zip(("", *arguments), arguments, strict=False):
        if not word or re.fullmatch(r"--[\w.-]+=", word):
            flag = (word or before).rstrip("=")
            raise UsageError(f"{flag if flag.startswith('--') else 'An argument'} is empty; give a value.")
    about = inspect.cleandoc(kind.__doc__ or "")
    text = f"{about}\n\nExamples:\n" + "\n".join(f"  {example}" for example in examples)
    with _one_sentence(f"vection {command} --help"):
        return tyro.cli(
            kind,
            args=list(arguments),
            prog=f"vection {command}",
            description=text,
            config=(tyro.conf.FlagCreatePairsOff,),
            return_unknown_args=True,
        )


def flags(kind: type) -> list[str]:
    """Return the flags of a dataclass of arguments."""
    return [f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(kind)]


def override(
    value: Arguments, arguments: Sequence[str], *, command: str, see: str, other_flags: Sequence[str] = ()
) -> Arguments:
    """Return a copy of a nested dataclass with `--dotted.name VALUE` applied.

    A mistake is a UsageError that suggests names of settings and `other_flags`; `see` is the command that lists names.
    """
    names = dotted_names(value)
    for argument in arguments:
        name = argument.partition("=")[0]
        if name.startswith("--") and name[2:].replace("-", "_") not in names:
            raise unknown_argument(name, [*other_flags, *(f"--{setting}" for setting in names)], command=command)
    if arguments and not arguments[0].startswith("--"):
        raise UsageError(f"Unexpected argument '{arguments[0]}'; see vection {command} --help.")
    words = [{"true": "True", "false": "False"}.get(word, word) for word in arguments]
    with _one_sentence(see):
        return tyro.cli(
            type(value),
            args=words,
            default=value,
            prog=f"vection {command}",
            add_help=False,
            config=(tyro.conf.FlagConversionOff, tyro.conf.AvoidSubcommands),
        )


def dotted_names(value: object) -> dict[str, object]:
    """Return every setting of a nested dataclass by its dotted name; items of tuples of dataclasses by their number."""
    settings: dict[str, object] = {}
    for field in dataclasses.fields(value):  # type: ignore[arg-type]
        inner = getattr(value, field.name)
        parts: Iterable[tuple[str, object]] = [("", inner)]
        if isinstance(inner, tuple) and inner and dataclasses.is_dataclass(inner[0]):
            parts = [(f".{index}", part) for index, part in enumerate(inner)]
        for suffix, part in parts:
            name = field.name + suffix
            if dataclasses.is_dataclass(part):
                settings |= {f"{name}.{below}": setting for below, setting in dotted_names(part).items()}
            else:
                settings[name] = part
    return settings


def unknown_argument(argument: str, known: Iterable[str], *, command: str) -> UsageError:
    """Return the error for an argument that does not exist, with the nearest that do."""
    hint = did_you_mean(argument, known)
    return UsageError(f"vection {command} has no argument '{argument}'; {hint or f'see vection {command} --help.'}")


@contextlib.contextmanager
def _one_sentence(see: str) -> Iterator[None]:
    """Turn the box that tyro prints for a mistake into a UsageError of one line."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            yield
    except SystemExit as stop:
        if not stop.code:
            raise
        raise UsageError(f"{_message(printed.getvalue())}; see {see}.") from None


def _message(box: str) -> str:
    """Return what stands between the title of tyro's box and its next rule, on one line."""
    lines = []
    for line in re.sub(r"\x1b\[[\d;]*m", "", box).splitlines():
        text = line.strip(" \u2500\u2502\u256d\u256e\u2570\u256f")
        lines.append("" if set(text) <= {"-"} else text)
    title_first = list(dropwhile(lambda text: not text, lines))
    message = takewhile(bool, dropwhile(lambda text: not text, title_first[1:]))
    return " ".join(" ".join(message).split()).rstrip(".")
