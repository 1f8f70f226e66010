"""Odometry protocols as data: how a path is aligned, which frames and snippets count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from vection.errors import UsageError
from vection.evaluation.paths.trajectory import Alignment
from vection.names import look_up

PathAlignment = Alignment | Literal["per-frame"]
"""'per-frame' gives every step its true length, after which nothing is aligned."""

ALIGNMENTS: dict[PathAlignment, str] = {
    "none": "as predicted",
    "scale": "one scale by least squares, the first pose held fixed",
    "scale_7dof": "the scale of the best similarity, without its motion",
    "7dof": "the best similarity: scale and rigid motion (Umeyama)",
    "6dof": "the best rigid motion (Umeyama)",
    "per-frame": "every step has its true length",
}


@dataclass(frozen=True)
class OdometryProtocol:
    """Everything that changes the numbers of a path."""

    name: str
    about: str
    alignments: tuple[PathAlignment, ...] = ("scale", "7dof", "per-frame")
    """One row of the table each; both paths begin at the identity first."""
    snippets: tuple[int, ...] = (5, 100)
    """Frames of the snippets, each of which has a scale of its own (least squares)."""
    as_released: bool = False
    """Snippets chained as Monodepth2's release does; see `trajectory.snippet_errors`."""
    fewest_frames: int | None = None
    """Shorter snippets at the end that count as well."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """By the name of a sequence: how many of its first frames do not count."""
    remark: str = ""
    """How published numbers differ from these, if they do."""
    sequences: int | None = None
    """Only the first so many sequences count, in the order of their names; None: all."""

    def describe(self) -> str:
        """Return one line that states everything but the truth."""
        start = ", ".join(f"{count} of {name}" for name, count in self.left_out.items())
        parts = [
            f"{self.name}: paths begin at the identity",
            *([f"first frames left out: {start}"] if start else []),
            *([f"first {self.sequences} sequences"] if self.sequences else []),
        ]
        if self.alignments:
            parts += [
                "t_err and r_err: mean over all segments of 100, 200, ... 800 m along the true path, one from every"
                " tenth frame of the sequence",
                "ATE: root of the mean squared distance over frames",
                "RPE: mean over consecutive frames",
            ]
        if self.snippets:
            chained = "steps chained uninverted as in Monodepth2's release, " if self.as_released else ""
            shorter = f", shorter ones at the end down to {self.fewest_frames}" if self.fewest_frames else ""
            parts.append(
                f"snippets of {' and '.join(map(str, self.snippets))} frames, one from every frame{shorter}: {chained}"
                "a scale each, norm of all differences / number of frames, mean +- standard deviation over the snippets"
            )
        return "; ".join([*parts, *([self.remark] if self.remark else [])])


ODOMETRY = OdometryProtocol("odometry", "one scale, best similarity, and every step scaled; snippets of 5 and 100")

KITTI_ODOMETRY = OdometryProtocol(
    "kitti-odometry",
    "t_err and r_err with each alignment of the public evaluation tool",
    alignments=get_args(Alignment),
    snippets=(),
)

SC_SFMLEARNER = OdometryProtocol(
    "sc-sfmlearner",
    "SC-SfMLearner, Table 2: one scale; ORB-SLAM's frames of initialisation are left out",
    alignments=("scale", "per-frame"),
    snippets=(),
    left_out={"09": 9, "10": 30},
)
"""The table aligns every frame for methods without a consistent scale ('per-frame'), one scale for its own."""

MONODEPTH2_SNIPPETS = OdometryProtocol(
    "monodepth2-snippets",
    "Monodepth2's supplement: 5-frame ATE on KITTI odometry 09 and 10, as released",
    alignments=(),
    snippets=(5,),
    as_released=True,
    fewest_frames=2,
)

DYNAMO_SNIPPETS = OdometryProtocol(
    "dynamo-snippets",
    "Dynamo-Depth, Table 8: snippets of 5 and 100 frames of nuScenes (day-clear) or Waymo, chained rightly",
    alignments=(),
    snippets=(5, 100),
    remark="published numbers compare with the path of the vehicle, here it is the camera's",
    sequences=100,
)

ODOMETRY_PROTOCOLS = (ODOMETRY, KITTI_ODOMETRY, SC_SFMLEARNER, MONODEPTH2_SNIPPETS, DYNAMO_SNIPPETS)


def first_sequences(names: Sequence[str], protocol: OdometryProtocol) -> list[str]:
    """Return the names of the sequences that count, in their order: FOLDER/SEQUENCE/CAMERA is sorted by SEQUENCE.

    >>> names = ["night/scene-0002/CAM_FRONT", "day/scene-0003/CAM_FRONT", "day/scene-0001/CAM_FRONT"]
    >>> first_sequences(names, OdometryProtocol("mine", "two", sequences=2))
    ['day/scene-0001/CAM_FRONT', 'night/scene-0002/CAM_FRONT']
    """
    if protocol.sequences is None:
        return list(names)
    return sorted(names, key=lambda name: name.split("/")[-2:])[: protocol.sequences]


def get_odometry_protocol(name: str) -> OdometryProtocol:
    """Return a protocol by name; UsageError naming the nearest ones."""
    protocols = {protocol.name: protocol for protocol in ODOMETRY_PROTOCOLS}
    return look_up(name, protocols, kind="odometry protocol")


def adapted_protocol(
    protocol: str | OdometryProtocol,
    *,
    align: Sequence[str] = (),
    snippets: Sequence[int] = (),
    sequences: int | None = None,
) -> OdometryProtocol:
    """Return a protocol, by name or given, with what is given instead of its own; UsageError if that does not fit."""
    for name in align:
        if name not in ALIGNMENTS:
            raise UsageError(f"There is no alignment '{name}'; choose among {', '.join(ALIGNMENTS)}.")
    if any(frames < 2 for frames in snippets):
        raise UsageError("A snippet has at least two frames; give larger `snippets`.")
    if sequences is not None and sequences < 1:
        raise UsageError(f"`sequences={sequences}` leaves none; it must be positive.")
    protocol = get_odometry_protocol(protocol) if isinstance(protocol, str) else protocol
    alignments = tuple(name for name in ALIGNMENTS if name in align)
    return replace(
        protocol,
        alignments=alignments or protocol.alignments,
        snippets=tuple(snippets) or protocol.snippets,
        sequences=sequences or protocol.sequences,
    )
