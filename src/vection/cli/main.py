"""The program `vection`: chooses the command, and turns errors into a sentence and an exit code.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 unusable data, 130 interrupted. Commands are imported when they are
called, so that help does not wait for torch.
"""

import contextlib
import errno
import importlib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

from vection.cli.flags import as_flags
from vection.errors import UsageError, VectionError
from vection.extras import extra
from vection.locks import clean_up
from vection.names import did_you_mean, printable


@dataclass(frozen=True)
class Command:
    """Where a command is found, and what it does in a few words."""

    module: str
    """Below `vection.cli`; imported when the command is called."""
    about: str

    def load(self) -> ModuleType:
        """Import the module; its `run(arguments)` is the command."""
        with extra("cli", purpose="The command line"):
            return importlib.import_module(f"vection.cli.{self.module}")


COMMANDS = {
    "demo": Command("models.demo", "learn depth on a made-up street, evaluate it, write a report"),
    "doctor": Command("data.doctor", "say whether video or frames can be learned from, what is wrong, and what to do"),
    "calibrate": Command("data.calibrate", "find a camera's intrinsics and lens from a video of a chessboard"),
    "ingest": Command("data.ingest", "turn a video or a folder of images into a clip folder that training reads"),
    "prepare": Command("data.prepare", "turn a data set (KITTI, Cityscapes, Waymo ...) into clip folders"),
    "import": Command(
        "models.import_weights", "turn published weights (Monodepth2, SC-SfMLearner ...) into a run folder"
    ),
    "train": Command("models.train", "train on videos, or on clip folders: depth and motion, a score, a report"),
    "adapt": Command("models.adapt", "train a run further on new videos, kept only if it gets better there"),
    "predict": Command("models.predict", "depth, colour video and camera path of images or a video"),
    "scale": Command("models.scale", "metres: find a run's scale by camera height, speed, GPS, distances or stereo"),
    "evaluate": Command("results.evaluate", "compare predicted depth with ground truth under a named protocol"),
    "odometry": Command("results.odometry", "the camera's path of a video, and the errors of paths against the truth"),
    "submission": Command("results.submission", "write predicted depth for KITTI's depth prediction server"),
    "view": Command("results.view", "look at predictions: points, path, frames, in a window or one HTML page"),
    "export": Command("results.export", "predictions as PLY, glTF, COLMAP, ROS bag ...; networks as ONNX, OpenVINO"),
    "app": Command("results.app", "a local page: drop a video or photo, look at depth, path and what moves"),
    "report": Command("results.report", "write the HTML report of a run"),
    "publish": Command("models.publish", "a model for others, with a card: in a folder, or on the Hugging Face Hub"),
    "splits": Command("data.splits", "list, fetch and check the published lists of frames"),
    "recipes": Command("models.recipes", "list the recipes, or the settings of one"),
}

EXAMPLES = (
    "vection demo",
    "vection train drive.mp4 --intrinsics fov:70 --minutes 30 --out runs/first",
    "vection predict runs/first drive.mp4 --out predictions/drive",
)

REMEDIES: dict[int | None, str] = {
    errno.ENOSPC: "free space, and run the command again",
    errno.EDQUOT: "free space of your quota, and run the command again",
    errno.EFBIG: "raise the limit of a file's size, or choose another disk",
    errno.EROFS: "choose a place that can be written",
    errno.EACCES: "choose another place, or change who may read and write there",
    errno.EPERM: "choose another place, or change who may read and write there",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOTDIR: "a file stands where a folder is expected; choose another place",
    errno.EISDIR: "a folder stands where a file is expected; choose another place",
    errno.ELOOP: "the links lead in a circle; choose another place",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "the disk fails; copy what is there, and use another",
}
"""What to do about errors of the operating system that no bug of ours brings about, by their number."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    # Spinning OpenMP threads run several times slower beside another busy process; read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files may be no text; a pipe gets them as they are
            stream.reconfigure(errors="surrogateescape" if stream is sys.__stdout__ else "backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    wants_traceback = "--traceback" in words
    if wants_traceback:
        words.remove("--traceback")
    try:
        with _ends_like_ctrl_c():
            _run(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        clean_up()
        return _fail("interrupted", code=130)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; without this Python complains again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if wants_traceback:
            traceback.print_exc()
        return _fail(_sentence(error), code=_exit_code(error))
    return 0


@contextlib.contextmanager
def _ends_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM (a scheduler's wish) end the command as Ctrl-C does: what is unfinished is removed."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _run(words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"vection {version('vection')}")
        return
    command, *rest = words
    if command not in COMMANDS:
        hint = did_you_mean(command, COMMANDS) or f"the commands are {', '.join(COMMANDS)}."
        raise UsageError(f"There is no command '{command}'; {hint}")
    COMMANDS[command].load().run(rest)


def _exit_code(error: Exception) -> int:
    if isinstance(error, OSError) and error.errno in REMEDIES:
        return UsageError.exit_code
    return error.exit_code if isinstance(error, VectionError) else 1


def _sentence(error: Exception) -> str:
    if isinstance(error, VectionError):
        return as_flags(str(error))
    if type(error).__name__ == "OutOfMemoryError":
        remedy = "use a smaller --data.batch_size, and --training.accumulation to make up for it"
        return f"The GPU's memory is too small; {remedy}."
    where = "run again with --traceback to see where"
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}; {REMEDIES.get(error.errno, where)}."
    return f"{type(error).__name__}: {error}; this is a bug in vection; {where}."


def _fail(sentence: str, *, code: int) -> int:
    line = f"error: {printable(' '.join(sentence.split()))}" if code != 130 else "interrupted"
    print(f"vection: {line}", file=sys.stderr)
    return code


def _help() -> str:
    commands = "\n".join(f"  {name:<11}{command.about}" for name, command in COMMANDS.items())
    examples = "\n".join(f"  {example}" for example in EXAMPLES)
    return (
        "usage: vection COMMAND ...\n\nDepth and camera path, learned from your own unlabeled video.\n\n"
        f"commands:\n{commands}\n\nexamples:\n{examples}\n\n"
        "vection COMMAND --help shows the arguments of a command and examples.\n"
        "--traceback shows where an error arose; --version prints the version.\n"
        "exit codes: 0 done, 1 failed, 2 wrong usage, 3 unusable data, 130 interrupted"
    )
