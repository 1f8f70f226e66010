"""Published splits by name: their list files from the user's folder, or downloaded once with their hash checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vection.downloads import cache_folder, download
from vection.errors import UsageError
from vection.names import did_you_mean

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class PublishedList:
    """A list file at its place below a folder of splits, such as `eigen_zhou/train_files.txt`."""

    place: str
    lines: int | None = None
    """How many it lists, where that is known for certain."""
    sha256: str | None = None
    url: str | None = None
    """Where it can be had for good; without a hash it is named to the user, not downloaded."""

    @property
    def where(self) -> str:
        """Its place, with the address if there is one."""
        return self.place if self.url is None else f"{self.place} ({self.url})"


@dataclass(frozen=True)
class NamedSplit:
    """The lists of a split by part, and who publishes them."""

    about: str
    lists: Mapping[str, PublishedList]
    source: str


_MONODEPTH2 = "https://raw.githubusercontent.com/nianticlabs/monodepth2/bd03a9ec1305082e80199bc2753ef5adb252e405/splits"
_MANYDEPTH = "https://raw.githubusercontent.com/nianticlabs/manydepth/811452b53f592b16a750ef78b2179203b7d16fcf/splits"


_MONODEPTH = (
    "https://raw.githubusercontent.com/mrharicot/monodepth/ffe6e9dc8bb6ef31569f3d8033ef84aaf51b1cbf/utils/filenames"
)
_DYNAMO = "https://raw.githubusercontent.com/YihongSun/Dynamo-Depth/0be37101fb5b0420e1a1f460e7b596868c36ead7/splits"


def _listed(root: str, place: str, lines: int | None = None, sha256: str | None = None) -> PublishedList:
    return PublishedList(place, lines, sha256, f"{root}/{place}")


_EIGEN_TEST = _listed(
    _MONODEPTH2, "eigen/test_files.txt", 697, "e226d4ca16e0e6e9695435014347dcf973588531330536fd8a68d298ef091a6b"
)
_DYNAMO_SPLITS = "the folder splits of Dynamo-Depth's repository"
NAMED: dict[str, NamedSplit] = {
    "eigen-zhou": NamedSplit(
        "KITTI raw: Zhou et al.'s subset of Eigen et al.'s training drives, without static frames",
        {
            "train": _listed(
                _MONODEPTH2,
                "eigen_zhou/train_files.txt",
                39810,
                "00173a231642151c4693274e701ddd4cae7916520a757c7a94eae8e1173f7b0c",
            ),
            "val": _listed(
                _MONODEPTH2,
                "eigen_zhou/val_files.txt",
                4424,
                "64a868b8d2c66c3979a2d74c22ea2e9146850d5b9f5786ed8e5f92201ba1ad04",
            ),
            "test": _EIGEN_TEST,
        },
        "Monodepth2's repository",
    ),
    "eigen-full": NamedSplit(
        "KITTI raw: all training frames of Eigen et al.",
        {
            "train": _listed(_MONODEPTH2, "eigen_full/train_files.txt", 45200),
            "val": _listed(_MONODEPTH2, "eigen_full/val_files.txt", 1776),
            "test": _EIGEN_TEST,
        },
        "the folder splits of Monodepth2's repository",
    ),
    "eigen": NamedSplit("KITTI raw: Eigen et al.'s test images", {"test": _EIGEN_TEST}, "Monodepth2's repository"),
    "eigen-benchmark": NamedSplit(
        "KITTI raw: those of Eigen et al.'s test images that have improved ground truth",
        {
            "test": _listed(
                _MONODEPTH2,
                "eigen_benchmark/test_files.txt",
                652,
                "d56e5e509e6960a01fb93795f85028ac6e4a82ad40e64b6e968988e4db95b9be",
            )
        },
        "Monodepth2's repository",
    ),
    "odometry": NamedSplit(
        "KITTI odometry: frames of the sequences 00 to 08",
        {
            "train": _listed(_MONODEPTH2, "odom/train_files.txt", 36671),
            "val": _listed(_MONODEPTH2, "odom/val_files.txt", 4075),
        },
        "the folder splits of Monodepth2's repository",
    ),
    "benchmark": NamedSplit(
        "KITTI raw: training drives of the depth prediction benchmark (they hold Eigen et al.'s test scenes)",
        {
            "train": _listed(_MONODEPTH2, "benchmark/train_files.txt", 72084),
            "val": _listed(_MONODEPTH2, "benchmark/val_files.txt", 6060),
        },
        "the folder splits of Monodepth2's repository",
    ),
    "kitti": NamedSplit(
        "KITTI raw: stereo pairs of Godard et al. 2017 for training, tested on KITTI 2015",
        {
            part: PublishedList(f"kitti/{part}_files.txt", lines, url=f"{_MONODEPTH}/kitti_{part}_files.txt")
            for part, lines in (("train", 29000), ("val", 1159))
        },
        "the folder utils/filenames of Monodepth's repository",
    ),
    "cityscapes": NamedSplit(
        "Cityscapes: sequences for training, images with disparity for testing",
        {
            "train": PublishedList("cityscapes_preprocessed/train_files.txt"),
            "val": PublishedList("cityscapes_preprocessed/val_files.txt"),
            "test": _listed(
                _MANYDEPTH,
                "cityscapes/test_files.txt",
                1525,
                "e70c04ba9d091d11b4dc25de78ec8d33212081c72e641ce3c42aab1a07331daa",
            ),
        },
        "the folder splits of ManyDepth's repository",
    ),
    "waymo": NamedSplit(
        "Waymo Open as Dynamo-Depth reads it",
        {
            "train": PublishedList("waymo/train_files.txt", 76852),
            "test": _listed(_DYNAMO, "waymo/test_files.txt", 2216),
        },
        _DYNAMO_SPLITS,
    ),
    "waymo-motion": NamedSplit(
        "Waymo Open: the test images with panoptic labels, on which Dynamo-Depth's motion F1 is computed",
        {"test": _listed(_DYNAMO, "waymo/test_mask_files.txt", 1881)},
        _DYNAMO_SPLITS,
    ),
    **{
        name: NamedSplit(
            f"nuScenes as Dynamo-Depth reads it{more}",
            {
                "train": _listed(_DYNAMO, f"{folder}/train_files.txt", lines[0]),
                "test": PublishedList(f"{folder}/test_files.txt", lines[1]),
            },
            _DYNAMO_SPLITS,
        )
        for name, folder, more, lines in (
            ("nuscenes", "nuscenes", "", (79760, 6019)),
            ("nuscenes-dayclear", "nuscenes_dayclear", ", by day and in clear weather", (None, 4449)),
        )
    },
}


def find_split(split: str, *, near: Path | None = None, parts: Sequence[str] = ()) -> dict[str, Path]:
    """Find the list files of a split by part: of a folder, of a list file (part ""), of a name, or of "NAME:PART" ("").

    A name's lists are looked for in `near`/splits, then in the cache, then at their published address. Parts that
    cannot be had are left out, except those of `parts`: then UsageError says where to get them. A list given itself
    stands for all.
    """
    name, _, part = split.rpartition(":")
    if name and part in PARTS:
        return {"": find_split(name, near=near, parts=(part,))[part]}
    place = Path(split)
    roots = [] if near is None else [near / "splits"]
    named = NAMED.get(split_name(split))
    folder = next((f for f in (place, *(root / split for root in roots)) if f.exists()), None)
    if folder is not None and (named is None or folder == place):
        if folder.is_file():
            return {"": folder}
        files = files_of_folder(folder)
        _require(files, parts, split=split, looked=[folder], named=None)
        return files
    if named is None:
        looked = " nor ".join(f"'{f}'" for f in (place, *(root / split for root in roots)))
        hint = did_you_mean(split_name(split), NAMED) or f"the names are {', '.join(NAMED)}."
        raise UsageError(
            f"The split '{split}' was not found: there is neither {looked}, nor a split of that name; {hint}"
        )
    files = {}
    for part, published in named.lists.items():
        file = find_list(published, roots=roots, fetch=not parts or part in parts)
        if file is not None:
            files[part] = file
    _require(files, parts, split=split, looked=roots, named=named)
    return files


def split_name(text: str) -> str:
    """Return the spelling of names: eigen_zhou is eigen-zhou."""
    return text.replace("_", "-").lower()


def find_list(published: PublishedList, *, roots: Sequence[Path], fetch: bool = True) -> Path | None:
    """Find a published list below one of the roots or in the cache, or download it if `fetch`.

    None if it has no address. Raises UsageError if the download fails.
    """
    cache = cache_folder() / "splits"
    for root in (*roots, cache):
        if (root / published.place).is_file():
            return root / published.place
    if not fetch or published.url is None or published.sha256 is None:
        return None
    otherwise = "give the folder of the lists in place of the name"
    return download(published.url, sha256=published.sha256, otherwise=otherwise, cache=(cache / published.place).parent)


def files_of_folder(folder: Path) -> dict[str, Path]:
    """Return the train_files.txt, val_files.txt and test_files.txt of a folder, by part."""
    files = {part: folder / f"{part}_files.txt" for part in PARTS}
    return {part: file for part, file in files.items() if file.is_file()}


def _require(
    files: Mapping[str, Path],
    parts: Sequence[str],
    *,
    split: str,
    looked: Sequence[Path],
    named: NamedSplit | None,
) -> None:
    missing = [part for part in parts if part not in files]
    if not missing and files:
        return
    names = ", ".join(f"{part}_files.txt" for part in missing or PARTS)
    places = " nor ".join(f"'{place}'" for place in looked) or "the folder splits inside the data set's"
    if named is None:
        raise UsageError(f"The split '{split}' lacks {names}, looked for in {places}; or give the file of one list.")
    lists = [published.where for part, published in named.lists.items() if part in (missing or named.lists)]
    if not lists:
        raise UsageError(f"The split '{split}' has no {names}; its lists are {', '.join(named.lists)}.")
    raise UsageError(
        f"The lists of the split '{split}' have no hash that could be checked, so they are not downloaded: get "
        f"{', '.join(lists)} from {named.source}, put them below {places} (or give their folder in place of the name)."
    )
