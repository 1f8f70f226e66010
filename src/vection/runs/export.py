"""Predictions for other programs and for the eye: what `vection export` and `vection view` do."""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from vection.errors import UsageError
from vection.exports.page import write_page
from vection.exports.recording import open_viewer
from vection.exports.registry import FORMATS, Format
from vection.exports.scene import Scene, open_scene
from vection.exports.settings import ExportSettings
from vection.files import check_free, check_own, json_text, read_json, whole_file, whole_folder
from vection.formats.prediction_folder import find_prediction_folders
from vection.names import look_up
from vection.progress import Bars, Report, no_bars

STATEMENT = "export.json"
"""In every exported folder: format, unit, scale and range; nothing without it is overwritten."""

PAGE = Format(write_page, ".html")
"""How the page of `view` is written."""
PAGE_MARK = b"<title>vection view"
"""Stands near the beginning of each."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    """A file or a folder."""
    unit: str
    """'up-to-scale' or 'metres'."""
    about: str
    """What it holds, in words."""


def export(
    predictions: Path | str,
    out: Path | str | None = None,
    *,
    to: str,
    settings: ExportSettings | None = None,
    overwrite: bool = False,
    progress: Bars = no_bars,
) -> list[Exported]:
    """Write a prediction folder in the format `to`, a name of `exports.FORMATS`; several below a folder one by one.

    `out` is the file or folder to write, by default beside the predictions, with the format's ending; of several
    predictions it is the folder for all. What is there is replaced with `overwrite` only. Raises UsageError for wrong
    places and for what the predictions do not know (camera, path, where the frames lie), DataError for broken files.
    """
    form = look_up(to, FORMATS, kind="format")
    return _write_all(predictions, out, form, to, settings=settings, overwrite=overwrite, progress=progress)


def view(
    predictions: Path | str,
    out: Path | str | None = None,
    *,
    settings: ExportSettings | None = None,
    overwrite: bool = True,
    progress: Bars = no_bars,
) -> list[Exported]:
    """Write predictions as an HTML page that shows points, path and frames offline; arguments as of `export`.

    An older page is replaced unless `overwrite` is False.
    """
    return _write_all(predictions, out, PAGE, "html", settings=settings, overwrite=overwrite, progress=progress)


def show(predictions: Path | str, *, settings: ExportSettings | None = None, progress: Bars = no_bars) -> str:
    """Show one prediction folder in rerun's window; return what is shown, in words."""
    folders = _folders(Path(predictions))
    if len(folders) > 1:
        raise UsageError(f"{predictions} holds {len(folders)} predictions; view one, such as {folders[0]}.")
    scene = open_scene(folders[0], settings or ExportSettings(), PAGE.needs)
    with progress("reading points") as report:
        return open_viewer(scene, report)


def missing_for_window() -> str:
    """Return why rerun cannot open a window here, in words; empty if it can."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "there is no display"
    if importlib.util.find_spec("rerun") is None:
        return "rerun is not installed (pip install 'vection[view]')"
    return ""


def _write_all(
    predictions: Path | str,
    out: Path | str | None,
    form: Format,
    name: str,
    *,
    settings: ExportSettings | None,
    overwrite: bool,
    progress: Bars,
) -> list[Exported]:
    root = Path(predictions)
    folders = _folders(root)
    several = len(folders) > 1
    places = []
    for folder in folders:
        place = folder.parent / f"{folder.resolve().name}{form.ending}" if out is None else Path(out)
        if out is not None and several:
            place = place / f"{folder.relative_to(root)}{form.ending}"
        _check_place(place, form, overwrite=overwrite)
        places.append(place)
    names = [folder.relative_to(root).as_posix() if several else "" for folder in folders]
    scenes = [  # all of them, so that nothing is written if one cannot be
        open_scene(folder, settings or ExportSettings(), form.needs, name=name)
        for folder, name in zip(folders, names, strict=True)
    ]
    written = []
    for scene, place in zip(scenes, places, strict=True):
        with progress(f"writing {place.name}") as report:
            about = _write(scene, place, form, name, overwrite=overwrite, report=report)
        written.append(Exported(place, scene.unit, about))
    return written


def _write(scene: Scene, place: Path, form: Format, name: str, *, overwrite: bool, report: Report) -> str:
    if not form.is_folder:
        with whole_file(place) as temporary:
            return form.write(scene, temporary, report)
    with whole_folder(place, overwrite=overwrite) as folder:
        about = form.write(scene, folder, report)
        files = sorted(path.name for path in folder.iterdir())
        statement = {"format": name, "unit": scene.unit, "depth": scene.words, "about": about, "files": files}
        (folder / STATEMENT).write_text(json_text(statement, indent=1), encoding="utf-8")
    return about


def _folders(root: Path) -> list[Path]:
    """Find prediction folders, in order; UsageError if there are none."""
    if not root.exists():
        raise UsageError(f"There is nothing at {root}; give a prediction folder, which vection predict makes.")
    folders = sorted(find_prediction_folders(root))
    if not folders:
        raise UsageError(f"{root} holds no predictions; make them with vection predict.")
    return folders


def _check_place(place: Path, form: Format, *, overwrite: bool) -> None:
    if not overwrite:
        check_free(place)
        return
    foreign = place.is_dir() and any(place.iterdir()) and not (form.is_folder and (place / STATEMENT).is_file())
    if form is PAGE and place.is_file():  # pages are replaced unasked, so only they are
        with place.open("rb") as file:
            foreign = PAGE_MARK not in file.read(1000)
    if foreign:
        raise UsageError(f"{place} was not exported by vection, so it is not overwritten; choose another place.")
    if place.is_dir() and (place / STATEMENT).is_file():
        stated = read_json(place / STATEMENT, remedy="choose another place.")
        if isinstance(names := stated.get("files"), list):
            check_own(place, [STATEMENT, *map(str, names)], kind="this export")
