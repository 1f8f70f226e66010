"""Files fetched once into the user's cache, their hash checked."""

import os
import re
from pathlib import Path

from vection.errors import UsageError
from vection.extras import extra
from vection.files import whole_file


def cache_folder() -> Path:
    """Where downloads are kept: VECTION_CACHE, or the user's cache folder."""
    with extra("download", purpose="A cache of downloads"):
        import pooch

    return Path(os.environ.get("VECTION_CACHE") or pooch.os_cache("vection"))


def download(url: str, *, sha256: str, otherwise: str, cache: Path | None = None) -> Path:
    """Fetch `url` once into the folder `cache` and check its SHA-256, of which `sha256` may be the start.

    `otherwise` ends the sentence on what to do without a network ("fetch it elsewhere and put it at ..., or").
    Raises UsageError offline and for a file that is not the expected one, which is deleted; ValueError without a hash.
    """
    if not re.fullmatch(r"[0-9a-f]{8,64}", sha256):
        raise ValueError(f"'{sha256}' is no SHA-256, nor the first 8 digits of one.")
    with extra("download", purpose=f"Downloading {url}"):
        import pooch

    folder = cache or cache_folder()
    file = folder / url.rsplit("/", maxsplit=1)[-1]
    if not file.is_file():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"The cache '{folder}' cannot be written ({error.strerror}); name another in VECTION_CACHE."
            ) from error
        with whole_file(file) as partial:
            try:
                pooch.HTTPDownloader(progressbar=False, timeout=60)(url, str(partial), None)
            except Exception as error:
                raise UsageError(
                    f"Cannot download {url} ({type(error).__name__}). Without a network, fetch it elsewhere and "
                    f"put it at '{file}', or {otherwise}."
                ) from error
    digest = pooch.file_hash(str(file), alg="sha256")
    if not digest.startswith(sha256):
        file.unlink()
        raise UsageError(
            f"The file from {url} has SHA-256 {digest[:16]}..., not {sha256[:16]}...; it was deleted. Try again."
        )
    return file
