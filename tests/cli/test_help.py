import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from vection.cli import main as program
from vection.cli.arguments import parse_known
from vection.cli.data.ingest import Ingest
from vection.data.ingest.clip_writer import IngestSettings

KINDS = {name: name.capitalize() for name in program.COMMANDS}


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["--help"], ["help"]):
        assert program.main(words) == 0
        text = capsys.readouterr().out
        assert all(f"\n  {name} " in text for name in program.COMMANDS)


@pytest.mark.parametrize("command", program.COMMANDS)
def test_help_of_a_command_shows_its_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([command, "--help"]) == 0
    text = capsys.readouterr().out
    module = program.COMMANDS[command].load()
    assert len(module.EXAMPLES) >= 2
    assert all(f"\n  {example}\n" in text for example in module.EXAMPLES)


@pytest.mark.parametrize("command", program.COMMANDS)
def test_examples_can_be_parsed(command: str) -> None:
    module = program.COMMANDS[command].load()
    examples = [*module.EXAMPLES, *(text for text in program.EXAMPLES if text.split()[1] == command)]
    for example in examples:
        words = shlex.split(example)
        assert words[0] == "vection"
        if words[1] != command:  # what to do next
            continue
        kind = getattr(module, KINDS[command])
        _, unknown = parse_known(kind, words[2:], command=command, examples=module.EXAMPLES)
        # Overrides are checked against the recipe, see test_documented_commands.
        assert command in ("train", "adapt") or not unknown


def test_ingest_has_the_defaults_of_the_library() -> None:
    arguments, _ = parse_known(Ingest, ["a", "--out", "b"], command="ingest", examples=())
    settings = IngestSettings()
    for name in ("width", "height", "intrinsics", "stride", "crop", "crop_top", "crop_bottom", "mask", "max_frames"):
        assert getattr(arguments, name) == getattr(settings, name)
    assert arguments.keep_static is not settings.drop_static
    assert arguments.frames_per_second == settings.frames_per_second


def test_help_is_quick(tmp_path: Path) -> None:
    """No command imports torch before it is needed."""
    check = (
        "import sys; from vection.cli.main import main;"
        "assert all(main([name, '--help']) == 0 for name in ('train', 'predict', 'demo', 'evaluate'));"
        "sys.exit(int(bool({'torch', 'cv2', 'matplotlib'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr.decode()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("vection 0.")


def test_a_closed_pipe_is_no_error() -> None:
    # The reader ends before the writer has begun.
    code = "import sys; from vection.cli.main import main; sys.exit(main(['recipes', 'monodepth2']))"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert done.stderr == b""
