"""What the doctor says: findings, and all of them about one source."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["unusable", "harmful", "handled", "note"]
"""`unusable`: nothing can be learned; `harmful`: what is learned will be worse, and only the user can mend it;
`handled`: `ingest` mends it; `note`: good to know."""
VERDICTS: tuple[Verdict, ...] = ("unusable", "harmful", "handled", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that a check found: its cause and what to do, each as a clause without a full stop."""

    name: str
    """What it is, in words joined by hyphens, for instance `static-camera`."""
    verdict: Verdict
    cause: str
    fix: str
    numbers: dict[str, Any] = field(default_factory=dict)
    """What was measured, for programs."""

    @property
    def sentence(self) -> str:
        """Cause and fix."""
        return f"{self.cause}; {self.fix}"


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor says of one source.

    >>> finding = Finding("cut", "handled", "the scene changes at 1 place", "ingest begins anew there")
    >>> Diagnosis(Path("drive.mp4"), 640, 360, frames=90, rate=30.0, findings=(finding,)).verdict
    'usable'
    """

    source: Path
    width: int
    """Of the frames as they are read: upright, square pixels."""
    height: int
    frames: int | None
    """In the source; None if it does not say."""
    rate: float
    """Frames per second."""
    findings: tuple[Finding, ...] = ()
    looked_at: int = 0
    """Frames that were read."""
    stride: int = 1
    """Take every n-th frame."""
    recipe: str = "video"
    """Recipe to begin with."""
    camera: dict[str, Any] = field(default_factory=dict)
    """What is known of the camera: `source`, `numbers` (fx, fy, cx, cy) if stated, `focal` as measured in the video."""
    deinterlace: bool = False

    @property
    def verdict(self) -> str:
        """`unusable`, `with care` (a finding is harmful) or `usable`."""
        verdicts = {finding.verdict for finding in self.findings}
        return "unusable" if "unusable" in verdicts else "with care" if "harmful" in verdicts else "usable"

    @property
    def names(self) -> list[str]:
        """Names of the findings."""
        return [finding.name for finding in self.findings]

    def of(self, *verdicts: Verdict) -> list[Finding]:
        """Return the findings of these verdicts."""
        return [finding for finding in self.findings if finding.verdict in verdicts]

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {"verdict": self.verdict, **asdict(self), "source": str(self.source)}
