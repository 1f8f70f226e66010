"""Models on the Hugging Face Hub: their addresses, and how they are fetched and sent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vection.errors import DataError, UsageError
from vection.extras import extra

_NAME = r"[A-Za-z0-9](?:[\w.-]{0,94}[\w-])?"
_ADDRESS = re.compile(rf"(?P<name>{_NAME}/{_NAME})(?:@(?P<revision>[A-Za-z0-9][\w./-]*))?", re.ASCII)
_SCHEME = re.compile(r"hf:/{1,2}")  # a Path turns // into /
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubModel:
    """A model, and which version of it."""

    name: str
    """Owner and model: "owner/name"."""
    revision: str | None = None
    """A commit, a branch or a tag; None is the newest version."""

    def __str__(self) -> str:
        return f"hf://{self.name}" + (f"@{self.revision}" if self.revision else "")


def hub_model(place: Path | str) -> HubModel | None:
    """Return the model that an address means, None for a place on this machine; UsageError for half an address.

    >>> hub_model("hf://owner/street@main")
    HubModel(name='owner/street', revision='main')
    >>> hub_model("runs/first") is None
    True
    """
    text = str(place)
    scheme = _SCHEME.match(text)
    if scheme is None:
        return None
    found = _ADDRESS.fullmatch(text[scheme.end() :])
    if found is None or re.search(r"\.\.|//", found[0]):
        raise UsageError(f"'{text}' is no address of a model; it reads hf://OWNER/NAME, or hf://OWNER/NAME@REVISION.")
    return HubModel(found["name"], found["revision"])


def fetch_model(model: HubModel, files: Sequence[str], *, optional: Sequence[str] = ()) -> Path:
    """Fetch these files of a model, and no others, into the cache of huggingface_hub; return their folder.

    All are of one commit, whose hash is the folder's name. What was fetched before is not fetched again, and is taken
    where the Hub cannot be reached. Raises UsageError if the model cannot be fetched, DataError if it lacks a file that
    is not `optional`.
    """
    with extra("hub", purpose=f"Fetching {model}"):
        from huggingface_hub import snapshot_download
    try:
        folder = Path(snapshot_download(model.name, revision=model.revision, allow_patterns=[*files, *optional]))
    except Exception as error:
        raise UsageError(_cannot("fetch", model, error)) from error
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        raise DataError(f"{model} is no model of vection: it has no {missing[0]}.")
    if not _COMMIT.fullmatch(folder.name) or (model.revision not in (None, folder.name) and _is_commit(model.revision)):
        raise DataError(f"The Hub gave another version of {model} than was asked for ({folder.name}).")
    return folder


def send_model(folder: Path, model: HubModel, *, public: bool, message: str) -> HubModel:
    """Send the files of a folder as one commit; return the model at this commit.

    A model that is not there is made, for its owner's eyes unless `public`; one that is there keeps its visibility.
    Raises UsageError if it cannot be sent: then nothing of it is visible.
    """
    with extra("hub", purpose=f"Sending {model}"):
        from huggingface_hub import HfApi
    if model.revision is not None:
        raise UsageError(f"{model} names a version, which cannot be written; leave @{model.revision} out.")
    api = HfApi(library_name="vection")
    try:
        api.create_repo(model.name, private=not public, exist_ok=True)
        files = sorted(path.name for path in folder.iterdir())
        commit = api.upload_folder(repo_id=model.name, folder_path=folder, allow_patterns=files, commit_message=message)
    except Exception as error:
        raise UsageError(_cannot("send", model, error)) from error
    return HubModel(model.name, commit.oid)


def _is_commit(revision: str | None) -> bool:
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def _cannot(verb: str, model: HubModel, error: Exception) -> str:
    kind = type(error).__name__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if kind == "RevisionNotFoundError":
        return (
            f"{model.name} has no version '{model.revision}' on the Hub; leave it out, or name a branch, tag or commit."
        )
    if status in (401, 403, 404):
        may = "read" if verb == "fetch" else "write"
        return (
            f"Cannot {verb} {model}: there is none that you may {may} (HTTP {status}); "
            "check its name, and log in with: hf auth login."
        )
    if status == 400 or isinstance(error, ValueError):
        return f"Cannot {verb} {model}: the Hub refuses it ({' '.join(str(error).split())})."
    remedy = ", or fetch its folder elsewhere and name that" if verb == "fetch" else "; nothing of it is visible"
    return f"Cannot {verb} {model} ({kind}); try again with a network{remedy}."
