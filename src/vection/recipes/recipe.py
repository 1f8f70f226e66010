"""A run as one typed, complete value: method, data, stages, training. A variant is `replace` and two lines."""

from dataclasses import dataclass, field
from typing import Literal

from vection.formats.bounds import CountOrNone, Few, FewOrNone, NotNegative, Share
from vection.methods.method import MethodSettings
from vection.methods.monodepth2_settings import Monodepth2Settings
from vection.training.augmentation.settings import Augmentation
from vection.training.settings import Stage, TrainingSettings

OWN_CLIPS = "clips"
"""Value of `data.labels`: the clips themselves are labelled."""


@dataclass(frozen=True)
class DataSettings:
    """What a sample is and how many make a batch."""

    height: Few = 192
    width: Few = 640
    source: Literal["clips", "kitti-raw", "kitti-odometry"] = "clips"
    """Clip folders (as `vection ingest` makes them), or KITTI in its own layout with a list of frames."""
    split: str | None = None
    """A published split by name (`vection splits`), a folder with train_files.txt and val_files.txt, or one list alone:
    a file or NAME:PART, from which nothing is held out (KITTI)."""
    left_only: bool = False
    """Leave out the lines of the right camera (KITTI)."""
    drop_static_frames: bool = False
    """Leave out the frames of `static_frames.txt` of the split folder's parent (KITTI raw)."""
    shared_intrinsics: bool = False
    """One nominal K for all of KITTI, as in the papers, instead of each drive's own (KITTI)."""
    offsets: tuple[int, ...] = (-1, 1)
    """Frames from the target to each source."""
    batch_size: Few = 12
    augmentation: Augmentation = field(default_factory=Augmentation)
    least_change: NotNegative = 0.0
    """Samples with a source whose RGB, in [0, 1], differs from the target's by no more than this in the mean are
    replaced by others; 0 keeps all. Li et al.'s code has 0.01."""
    use_classes: bool = False
    """Read the class maps that lie beside the frames of the clips."""
    labels: str | None = None
    """Folder of labelled images of a second domain, for methods that learn from one."""
    rehearsal: Share = 0.0
    """Share of the samples that are frames of the synthetic street with exact depth, rendered before training; for
    methods that learn from measured geometry without neighbours."""
    rehearsal_drives: Few | None = None
    """Drives that are rendered for it, four frames each; as many as the share asks for, 50 to 250, if not given."""
    workers: FewOrNone = 0
    """Processes that read data; 0 reads in the main process, which is enough for ingested clips on a CPU."""


@dataclass(frozen=True)
class Recipe:
    """A complete run."""

    name: str
    summary: str
    method: MethodSettings = field(default_factory=Monodepth2Settings)
    """Settings of any method; `name` says whose they are."""
    data: DataSettings = field(default_factory=DataSettings)
    stages: tuple[Stage, ...] = (Stage(),)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    default_checkpoint: Literal["best", "last"] = "best"
    """The checkpoint that the run stands for where no other is named: the best on held-out frames, or the last, which
    most papers evaluate."""
    protocols: tuple[str, ...] = ()
    """Names of the protocols that score the paper's row, of depth, paths or classes; see `vection evaluate`."""
    start_from: str | None = None
    """Run folder or checkpoint folder whose weights training starts from."""
    starts_after: str | None = None
    """Name of the recipe whose weights training must start from; None: it needs no start."""
    start_epoch: CountOrNone | None = None
    """Epochs of that recipe after which it starts; None: from the checkpoint that such a run stands for."""

    @property
    def needs_measured(self) -> bool:
        """Whether geometry measured in the clips is learned from, or scores what was learned."""
        return self.method.needs.measured or self.training.keeps_start
