"""Arrays in .npy and .npz files of anyone: whole, as large as they say, and without pickles."""

import io
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vection.arrays import AnyArray
from vection.errors import DataError

SUFFIX = ".npy"
"""Of the members of a .npz."""
MOST_BYTES = 2**33
"""Of an array in a .npz, whose members may be small and unpack to anything."""
MOST_TIGHT_BYTES, MOST_RATIO = 2**28, 200
"""Of an array that is packed more tightly than by this ratio, as no real one of this size is."""


def read_array(path: Path, *, what: str, remedy: str = "", memory_map: bool = False) -> AnyArray:
    """Return the array of a .npy file; `memory_map` leaves it on disk, to be read where it is looked at.

    What is pickled stays closed, and memory is taken only for what the file holds. Raises DataError, which begins with
    `what` and ends with `remedy`, unless the file is a whole array of numbers.

    >>> np.save("depth.npy", np.arange(3.0))
    >>> read_array(Path("depth.npy"), what="The depth")
    array([0., 1., 2.])
    >>> _ = Path("cut.npy").write_bytes(Path("depth.npy").read_bytes()[:-1])
    >>> read_array(Path("cut.npy"), what="The depth", remedy="predict again")
    Traceback (most recent call last):
    vection.errors.DataError: The depth cut.npy is missing or broken (it promises 24 bytes and has 23); predict again.
    """
    with _telling(path, what=what, remedy=remedy), path.open("rb") as file:
        _check_promise(file, path.stat().st_size)
        if memory_map:
            return np.asarray(np.lib.format.open_memmap(path, mode="r"))
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


class ArrayArchive(Mapping[str, AnyArray]):
    """The arrays of a .npz by name; each is read when it is asked for, and raises DataError if it is broken."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, *, what: str, remedy: str) -> None:
        self.path, self.archive, self.what, self.remedy = path, archive, what, remedy
        self.names = [name.removesuffix(SUFFIX) for name in archive.namelist() if name.endswith(SUFFIX)]

    def __getitem__(self, name: str) -> AnyArray:
        if name not in self.names:
            raise KeyError(name)
        with _telling(self.path, what=self.what, remedy=self.remedy):
            member = self.archive.getinfo(f"{name}{SUFFIX}")
            packed = max(1, member.compress_size)
            if member.file_size > (MOST_BYTES if member.file_size < MOST_RATIO * packed else MOST_TIGHT_BYTES):
                raise ValueError(f"'{name}' unpacks from {packed} to {member.file_size} bytes")
            with self.archive.open(member) as file:
                head = io.BytesIO(file.read(min(member.file_size, 4096)))
                _check_promise(head, member.file_size)
            with self.archive.open(member) as file:
                return np.asarray(np.lib.format.read_array(file, allow_pickle=False))

    def __iter__(self) -> Iterator[str]:
        """Yield the names in the order of the file."""
        return iter(self.names)

    def __len__(self) -> int:
        """Return how many arrays there are."""
        return len(self.names)

    def need(self, name: str, *, shape: Sequence[int | None] | None = None, finite: bool = False) -> AnyArray:
        """Return an array that must be there; DataError if it is not, or not as `find` wants it."""
        array = self.find(name, shape=shape, finite=finite)
        with _telling(self.path, what=self.what, remedy=self.remedy):
            if array is None:
                raise ValueError(f"it holds no '{name}'")
            return array

    def find(self, name: str, *, shape: Sequence[int | None] | None = None, finite: bool = False) -> AnyArray | None:
        """Return an array, None if it is not there.

        `shape` says that it holds numbers, and how many along each axis, None for any but 0; `finite` that none of them
        is infinite or NaN. DataError if that is not so.
        """
        if name not in self.names:
            return None
        array = self[name]
        with _telling(self.path, what=self.what, remedy=self.remedy):
            if shape is not None and not (array.dtype.kind in "biuf" and _fits(array.shape, shape)):
                raise ValueError(f"its '{name}' is {array.dtype} of shape {array.shape}")
            if finite and not np.isfinite(array).all():
                raise ValueError(f"its '{name}' holds a number that is not finite")
        return array


@contextmanager
def open_arrays(path: Path, *, what: str, remedy: str = "") -> Iterator[ArrayArchive]:
    """Open a .npz; DataError, which begins with `what` and ends with `remedy`, if it is none.

    >>> np.savez("maps.npz", depth=np.arange(3.0))
    >>> with open_arrays(Path("maps.npz"), what="The maps") as maps:
    ...     maps["depth"]
    array([0., 1., 2.])
    """
    with _telling(path, what=what, remedy=remedy):
        archive = zipfile.ZipFile(path)
    with archive:
        yield ArrayArchive(path, archive, what=what, remedy=remedy)


@contextmanager
def _telling(path: Path, *, what: str, remedy: str) -> Iterator[None]:
    """Turn whatever damaged bytes raise (NumPy, zipfile and zlib raise a dozen kinds) into DataError."""
    try:
        yield
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DataError(f"{what} {path} is missing or broken ({reason}){f'; {remedy}' if remedy else ''}.") from error


def _fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    pairs = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(size == want if want is not None else size > 0 for size, want in pairs)


def _check_promise(file: io.BufferedReader | io.BytesIO, size: int) -> None:
    """Raise ValueError unless an array of numbers follows whose header is true; `size` is that of the whole file."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("it holds pickled objects, which can run any program when they are read")
    promised, held = math.prod(shape) * dtype.itemsize, size - file.tell()
    if promised != held:
        raise ValueError(f"it promises {promised} bytes and has {held}")
    file.seek(0)
