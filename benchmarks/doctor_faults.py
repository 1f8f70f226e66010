"""Faults injected into video, and what the doctor says of them; prints the tables of docs/doctor.md.

    OMP_NUM_THREADS=1 python benchmarks/doctor_faults.py --shared ../shared/data

Every fault is made of a drive of the synthetic street and, with `--shared`, of 60 frames of a real one. Then come clean
clips, real ones, of which the doctor must not find anything harmful.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from io import StringIO
from pathlib import Path
from time import process_time

import av
import cv2
import numpy as np
import tyro

from vection.arrays import RgbImage
from vection.cli.main import main as program
from vection.data.clips.folder import read_rgb, write_rgb
from vection.data.synthetic import render_drive, turning

RATE = 20
FEW = 16
"""Frames that are enough where the file is at fault."""
Frames = list[RgbImage]
Made = tuple[Path, str | None]
"""The source, and what is given as its intrinsics."""


@dataclass(frozen=True)
class Fault:
    """A fault, how it is made of good frames in an empty folder, and what the doctor must call it."""

    words: str
    finding: str
    code: int
    """Exit code of the doctor: 0 if something can be learned or ingest mends it, 3 if not."""
    make: Callable[[Frames, Path], Made]
    frames: int | None = None
    """So many of the frames are enough; None: all."""


def write_video(
    path: Path,
    frames: Frames,
    *,
    codec: str = "mpeg4",
    aspect: Fraction | None = None,
    offset: int = 0,
    gap: int = 0,
    kind: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write frames at 20 a second; the clock begins `offset` frames late and jumps by `gap` in the middle."""
    with av.open(str(path), "w", format=kind, options=options or {}) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 8_000_000
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = number + offset + gap * (number > len(frames) // 2), Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_images(folder: Path, frames: Frames, names: Sequence[str] = ()) -> Path:
    """Write frames as PNG."""
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(frames):
        write_rgb(folder / (names[number] if names else f"{number:06d}.png"), image)
    return folder


def write_with_cover(path: Path, frames: Frames) -> Path:
    """Write an mp4 whose first stream is a cover picture, as some drones do."""
    with av.open(str(path), "w") as container:
        film = container.add_stream("mpeg4", rate=20)
        cover = container.add_stream("mjpeg", rate=1)
        for stream, (height, width), kind in ((film, frames[0].shape[:2], "yuv420p"), (cover, (48, 80), "yuvj420p")):
            stream.height, stream.width, stream.pix_fmt = height, width, kind
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(cv2.resize(frames[0], (80, 48)), format="rgb24")))
        container.mux(cover.encode())
        for image in frames:
            container.mux(film.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(film.encode())
    content = path.read_bytes()
    moov = content.rindex(b"moov") - 4
    boxes, place = [], moov + 8
    while place < moov + int.from_bytes(content[moov : moov + 4], "big"):
        size = int.from_bytes(content[place : place + 4], "big")
        boxes.append(content[place : place + size])
        place += size
    boxes.sort(key=lambda box: box[4:8] not in (b"mvhd", b"udta"))
    path.write_bytes(content[: moov + 8] + b"".join(boxes) + content[place:])
    return path


def _camera(numbers: str) -> Callable[[Frames, Path], Made]:
    """Intrinsics as text, with W and H for the size of the frames."""

    def make(frames: Frames, folder: Path) -> Made:
        height, width = frames[0].shape[:2]
        values = [eval(part, {"__builtins__": {}}, {"W": width, "H": height}) for part in numbers.split(",")]
        return write_images(folder / "in", frames[:12]), ",".join(str(value) for value in values)

    return make


def _calibration(**content: object) -> Callable[[Frames, Path], Made]:
    """A JSON file; `scale` is of which resolution it is, `squeeze` of which shape."""

    def make(frames: Frames, folder: Path) -> Made:
        height, width = frames[0].shape[:2]
        keys = dict(content)
        scale, squeeze = float(keys.pop("scale", 1)), float(keys.pop("squeeze", 1))  # type: ignore[arg-type]
        size = {"width": round(width * scale * squeeze), "height": round(height * scale)}
        focal = 0.58 * size["width"]
        camera = {"fx": focal, "fy": focal, "cx": size["width"] / 2, "cy": size["height"] / 2}
        (folder / "k.json").write_text(json.dumps({**size, **camera, **keys}))
        return write_images(folder / "in", frames[:12]), str(folder / "k.json")

    return make


def _folder(change: Callable[[Frames], Frames]) -> Callable[[Frames, Path], Made]:
    return lambda frames, folder: (write_images(folder / "in", change(frames)), None)


def _each(change: Callable[[RgbImage, int], RgbImage]) -> Callable[[Frames, Path], Made]:
    return _folder(lambda frames: [change(image.copy(), number) for number, image in enumerate(frames)])


def _video(
    name: str = "v.mp4",
    *,
    damage: Callable[[bytes], bytes] | None = None,
    change: Callable[[Frames], Frames] = list,
    **options: object,
) -> Callable[[Frames, Path], Made]:
    def make(frames: Frames, folder: Path) -> Made:
        path = write_video(folder / name, change(frames), **options)  # type: ignore[arg-type]
        if damage is not None:
            path.write_bytes(damage(path.read_bytes()))
        return path, None

    return make


def _tripod(frames: Frames) -> Frames:
    rng = np.random.default_rng(0)
    return [np.clip(frames[0] + rng.normal(0, 2, frames[0].shape), 0, 255).astype(np.uint8) for _ in range(36)]


def _panning(frames: Frames) -> Frames:
    """A camera of 60 degrees turns by half a degree a frame; cut so that no border shows."""
    height, width = frames[0].shape[:2]
    focal, wide = 0.87 * width, cv2.resize(frames[0], None, fx=1.6, fy=1.6, interpolation=cv2.INTER_CUBIC)
    K = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    K_wide = np.array([[focal, 0, (wide.shape[1] - 1) / 2], [0, focal, (wide.shape[0] - 1) / 2], [0, 0, 1]])
    turned = []
    for number in range(36):
        R = cv2.Rodrigues(np.array([0.0, np.radians(0.5 * (number - 18)), 0.0]))[0]
        turned.append(cv2.warpPerspective(wide, K @ R @ np.linalg.inv(K_wide), (width, height), flags=cv2.INTER_LINEAR))
    return turned


def _approach(step: float, count: int) -> Callable[[Frames], Frames]:
    """A wall comes nearer by a fraction of its distance each frame."""

    def make(frames: Frames) -> Frames:
        height, width = frames[0].shape[:2]
        zooms = [(1 + step) ** number for number in range(count)]
        matrices = [np.array([[z, 0, (1 - z) * width / 2], [0, z, (1 - z) * height / 2]]) for z in zooms]
        return [cv2.warpAffine(frames[0], matrix, (width, height), flags=cv2.INTER_CUBIC) for matrix in matrices]

    return make


def _bonnet(image: RgbImage, _: int) -> RgbImage:
    height, width = image.shape[:2]
    cv2.ellipse(
        image,
        (width // 2, round(1.28 * height)),
        (round(0.7 * width), round(0.42 * height)),
        0,
        0,
        360,
        (24, 20, 22),
        -1,
    )
    return image


def _logo(image: RgbImage, _: int) -> RgbImage:
    width = image.shape[1]
    cv2.circle(image, (round(0.88 * width), round(0.08 * width)), round(0.04 * width), (255, 255, 255), -1)
    cv2.putText(image, "TV", (round(0.86 * width), round(0.09 * width)), 0, width / 900, (200, 0, 0), 1 + width // 600)
    return image


def _date(image: RgbImage, number: int) -> RgbImage:
    height, width = image.shape[:2]
    text = f"2026-05-14 17:03:{number // RATE:02d}"
    place = (round(0.03 * width), round(0.93 * height))
    cv2.putText(image, text, place, 0, width / 700, (0, 0, 0), 3)
    cv2.putText(image, text, place, 0, width / 700, (255, 255, 255), 1)
    return image


def _bars(image: RgbImage, _: int) -> RgbImage:
    side = image.shape[1] // 8
    image[:, :side] = image[:, -side:] = 0
    return image


def _flicker(image: RgbImage, number: int) -> RgbImage:
    gain = (1.0, 0.7, 1.1, 0.6, 0.9)[number % 5]
    return np.clip(image * gain, 0, 255).astype(np.uint8)


def _fisheye(image: RgbImage, _: int) -> RgbImage:
    """Barrel distortion that draws the sides to half their distance."""
    height, width = image.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = columns - (width - 1) / 2, rows - (height - 1) / 2
    scale = 0.5 / (1 - 0.5 * np.minimum((x**2 + y**2) / (width / 2) ** 2, 1.2))
    place = (x * scale + (width - 1) / 2).astype(np.float32), (y * scale + (height - 1) / 2).astype(np.float32)
    return np.asarray(cv2.remap(image, *place, cv2.INTER_LINEAR), np.uint8)


def _combed(frames: Frames) -> Frames:
    """Each frame is made of two neighbours, so that a good drive's motion lies between its fields."""
    combed = [image.copy() for image in frames[:-1:2]]
    for number, image in enumerate(combed):
        image[1::2] = frames[2 * number + 1][1::2]
    return combed


def _sideways(data: bytes) -> bytes:
    matrix = b"".join(value.to_bytes(4, "big", signed=True) for value in (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))
    place = data.index(b"tkhd") + 44
    return data[:place] + matrix + data[place + 36 :]


def _zeroed(data: bytes) -> bytes:
    start = data.index(b"mdat") + len(data) // 3
    return data[:start] + bytes(len(data) // 4) + data[start + len(data) // 4 :]


def _twelve_bits(frames: Frames, folder: Path) -> Made:
    (folder / "in").mkdir()
    for number, image in enumerate(frames):
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint16)
        cv2.imwrite(str(folder / "in" / f"{number:04d}.png"), grey * 16)
    return folder / "in", None


def _two_sizes(frames: Frames) -> Frames:
    height, width = frames[0].shape[:2]
    return [*frames[:20], *(cv2.resize(image, (width * 3 // 4, height)) for image in frames[20:40])]


def _seconds(frames: Frames, folder: Path) -> Made:
    """Files in the order of their names are not in the order of time: 0, 10, 11, ..., 1, 20, ..."""
    order = sorted(range(len(frames)), key=str)
    return write_images(folder / "in", [frames[(place * 17) % len(frames)] for place in order]), None


def _no_video(_: Frames, folder: Path) -> Made:
    (folder / "v.mp4").write_text("not a video")
    return folder / "v.mp4", None


FAULTS = (
    Fault("fx normalised, cx in pixels, fy negative", "mixed-units", 3, _camera("0.58,-1.1,W/2,H/2")),
    Fault("negative fy", "focal-sign", 3, _camera("0.58*W,-0.58*W,W/2,H/2")),
    Fault("K of twice the resolution", "other-resolution", 3, _camera("1.16*W,1.16*W,1.02*W,1.02*H")),
    Fault("K of half the resolution", "other-resolution", 0, _camera("0.29*W,0.29*W,W/4,H/4")),
    Fault("K before the image was squeezed", "pixel-shape", 0, _camera("0.58*W,0.77*W,W/2,H/2")),
    Fault("K of images of another shape", "other-shape", 3, _calibration(squeeze=0.75)),
    Fault("K of another resolution, size stated", "scaled-intrinsics", 0, _calibration(scale=2)),
    Fault("field of view of 2 degrees", "field-of-view", 3, _camera("30*W,30*W,W/2,H/2")),
    Fault(
        "lens in the calibration that is not read",
        "unread-calibration",
        3,
        _calibration(distortion_model="omni", D=[0.1, 0.01, 0.0, 0.0]),
    ),
    Fault("skew in the calibration", "unread-calibration", 3, _calibration(skew=3.5)),
    Fault("tripod", "static-camera", 3, _folder(_tripod)),
    Fault("camera only turns", "rotation-only", 3, _folder(_panning)),
    Fault("slow camera", "stride", 0, _folder(_approach(0.0055, 100))),
    Fault("hardly moving camera", "slow-camera", 0, _folder(_approach(0.00035, 100))),
    Fault("bonnet", "bonnet", 0, _each(_bonnet)),
    Fault("logo", "overlay", 0, _each(_logo)),
    Fault("burned-in date", "overlay", 0, _each(_date)),
    Fault("pillar bars", "black-bars", 0, _each(_bars)),
    Fault("cut", "cut", 0, _folder(lambda frames: [*frames[:20], *(image[:, ::-1] for image in frames[-20:])])),
    Fault("every frame twice", "duplicate-frames", 0, _folder(lambda f: [image for image in f for _ in range(2)])),
    Fault(
        "every fifth frame twice",
        "duplicate-frames",
        0,
        _folder(lambda f: [image for n, image in enumerate(f) for _ in range(1 + (n % 5 == 0))]),
    ),
    Fault("exposure flicker", "exposure-jumps", 0, _each(_flicker)),
    Fault("fisheye images", "distortion", 0, _each(_fisheye)),
    Fault("anamorphic pixels", "non-square-pixels", 0, _video(aspect=Fraction(4, 3)), FEW),
    Fault("interlaced", "interlaced", 0, _folder(_combed)),
    Fault("two cameras, of two sizes", "mixed-sizes", 3, _folder(_two_sizes)),
    Fault(
        "two cameras in turn",
        "alternating-cameras",
        3,
        _folder(lambda f: [image if n % 2 else image[:, ::-1] for n, image in enumerate(f)]),
    ),
    Fault("frames in the wrong order", "wrong-order", 3, _seconds),
    Fault("truncated, index lost", "unreadable", 3, _video(damage=lambda data: data[: len(data) * 6 // 10]), FEW),
    Fault(
        "truncated, index kept",
        "cut-off",
        0,
        _video(damage=lambda data: data[: len(data) * 6 // 10], options={"movflags": "faststart"}),
        FEW,
    ),
    Fault("a piece overwritten", "damaged", 0, _video(damage=_zeroed), FEW),
    Fault("no video at all", "unreadable", 3, _no_video, FEW),
    Fault("two frames", "too-short", 3, _folder(lambda frames: frames[:2]), FEW),
    Fault("late start", "late-start", 0, _video("v.ts", codec="mpeg2video", offset=20000), FEW),
    Fault("unknown duration", "unknown-duration", 0, _video("v.mjpeg", codec="mjpeg", kind="mjpeg"), FEW),
    Fault("stream without container", "assumed-rate", 0, _video("v.h264", codec="libx264", kind="h264"), FEW),
    Fault(
        "cover picture before the film",
        "cover-picture",
        0,
        lambda frames, folder: (write_with_cover(folder / "v.mp4", frames), None),
        FEW,
    ),
    Fault("stored sideways", "stored-turned", 0, _video(damage=_sideways), FEW),
    Fault("two seconds missing", "time-gap", 0, _video(gap=2 * RATE), FEW),
    Fault("thumbnail", "small", 0, _folder(lambda f: [cv2.resize(image, (96, 54)) for image in f]), FEW),
    Fault("12 bits in 16", "bits", 3, _twelve_bits, FEW),
    Fault("lens cap", "black", 3, _folder(lambda f: [image // 32 for image in f]), FEW),
)
CLEAN = (
    *("kitti_video/frames", "kitti_0095/frames", "camvid_0016E5/frames"),
    *(f"cityscapes_video/aachen_00000{number}" for number in range(6)),
    *("other/walk_gopro/max_heromode_6s.mp4", "other/drone_coast/karma_6s.mp4", "other/underwater_reef/reef.mp4"),
    *("other/phone_iphone/golf.mov", "other/derived_rotation_vfr/golf_stored_sideways.mp4"),
    *("other/derived_rotation_vfr/walk_variable_rate.mp4", "nuscenes_front_2hz/nuscenes_mini.mp4"),
    *("udacity_highway/solidWhiteRight.mp4", "udacity_highway/project_video_cut.mp4"),
    *("udacity_highway/test_small1.mp4", "udacity_highway/test_small2.mp4"),
)
HARM = ("unusable", "harmful")


def synthetic_frames(count: int = 48) -> Frames:
    """Return a drive with bends, 320x192."""
    settings = turning(width=320, height=192, frames=count, antialias=False, frame_rate=6.0, shake=2.0)
    return [frame.image for frame in render_drive(settings, seed=5)]


def real_frames(shared: Path, count: int = 60) -> Frames:
    """Return frames of `kitti_video`, 416 wide."""
    files = sorted((shared / "kitti_video/frames").iterdir())[:count]
    return [cv2.resize(read_rgb(file), (416, 126), interpolation=cv2.INTER_AREA) for file in files]


def diagnose(source: Path, intrinsics: str | None) -> tuple[int, dict]:
    """Return the exit code of `vection doctor --json` and what it printed of the source."""
    output = StringIO()
    with redirect_stdout(output), redirect_stderr(StringIO()):
        given = [] if intrinsics is None else ["--intrinsics", intrinsics]
        code = program(["doctor", str(source), "--json", *given])
    return code, json.loads(output.getvalue())["sources"][0]


def inject(fault: Fault, frames: Frames) -> tuple[bool, list[str], int]:
    """Return whether a fault is named with the right code, the findings that are no notes, and the code."""
    with tempfile.TemporaryDirectory() as folder:
        code, found = diagnose(*fault.make(frames[: fault.frames], Path(folder)))
    findings = found["findings"]
    named = any(finding["name"] == fault.finding for finding in findings)
    return named and code == fault.code, [one["name"] for one in findings if one["verdict"] != "note"], code


def run(shared: Path | None = None, synthetic: bool = True) -> None:
    """Print both tables."""
    sources = {"synthetic": synthetic_frames()} if synthetic else {}
    if shared is not None:
        sources["KITTI"] = real_frames(shared)
    print("| fault | must be called | exit code | " + " | ".join(sources) + " |\n|" + "---|" * (3 + len(sources)))
    right = dict.fromkeys(sources, 0)
    for fault in FAULTS:
        cells = []
        for name, frames in sources.items():
            good, findings, code = inject(fault, frames)
            right[name] += good
            cells.append(("yes" if good else f"NO ({code})") + f": {', '.join(findings)}")
        print(f"| {fault.words} | {fault.finding} | {fault.code} | {' | '.join(cells)} |", flush=True)
    print(f"\n{right} of {len(FAULTS)}\n\n| clean clip | verdict | findings | seconds |\n|---|---|---|---|")
    for name in CLEAN if shared is not None else ():
        start = process_time()
        _, found = diagnose(shared / name, None)
        shown = [f"{one['name']}{' (ALARM)' if one['verdict'] in HARM else ''}" for one in found["findings"]]
        print(f"| {name} | {found['verdict']} | {', '.join(shown)} | {process_time() - start:.1f} |", flush=True)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    tyro.cli(run)
