"""A recording of rerun: image, depth, moving mask, camera, path and points on one time line."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vection.exports.axes import corner_camera
from vection.exports.points import frame_points, fuse
from vection.exports.scene import Scene, SceneFrame
from vection.extras import extra
from vection.progress import Report

if TYPE_CHECKING:
    import rerun

APPLICATION = "vection"
"""What rerun calls the program that recorded."""
JPEG_QUALITY = 85
"""Of the images in a recording."""
MARK = (230, 40, 40, 150)
"""RGBA of what moves."""
LARGEST_HALF = 60_000.0
"""Depth is stored in 16-bit floats, which end a little later."""


def write_rrd(scene: Scene, out: Path, report: Report) -> str:
    """Write a recording that `rerun FILE` opens. Depth is in 16-bit floats (3 digits); points stand still in time."""
    with extra("view", purpose="Writing a recording of rerun"):
        import rerun
    recording = rerun.RecordingStream(APPLICATION, recording_id=scene.folder.resolve().as_posix())
    recording.save(out)
    about = record(scene, recording, report)
    recording.flush()
    recording.disconnect()
    return about


def open_viewer(scene: Scene, report: Report) -> str:
    """Open rerun's viewer in a window and show the scene; UsageError without rerun."""
    with extra("view", purpose="The viewer"):
        import rerun
    recording = rerun.RecordingStream(APPLICATION)
    recording.spawn()
    about = record(scene, recording, report)
    recording.flush()
    return about


def record(scene: Scene, recording: "rerun.RecordingStream", report: Report) -> str:
    """Log a scene: `world/points`, `world/path`, `world/moving`, and `world/camera` with `image`, `depth`, `mask`."""
    import rerun

    fused = fuse(scene, report=report)
    recording.log("about", rerun.TextDocument(f"{scene.words}; {fused.words}"), static=True)
    recording.log("world", rerun.ViewCoordinates.RDF, static=True)
    recording.log("world/points", rerun.Points3D(fused.static.xyz, colors=fused.static.rgb), static=True)
    if len(scene) > 1:
        recording.log("world/path", rerun.LineStrips3D([scene.positions()], colors=[MARK[:3]]), static=True)
    if scene.knows_motion:
        names = rerun.AnnotationContext([(1, "moves by itself", MARK), (0, "", (0, 0, 0, 0))])
        recording.log("world/camera/mask", names, static=True)
    for frame in scene:
        recording.set_time("frame", sequence=frame.number)
        recording.set_time("seconds", duration=frame.seconds)
        _record_frame(scene, frame, recording)
    return f"{len(scene)} frames, {len(fused.static):,} points; {fused.words}"


def _record_frame(scene: Scene, frame: SceneFrame, recording: "rerun.RecordingStream") -> None:
    import rerun

    T = frame.T_camera_to_world
    fx, fy, cx, cy = corner_camera(frame.camera)
    K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    height, width = frame.depth.shape
    pinhole = rerun.Pinhole(
        image_from_camera=K,
        resolution=[width, height],
        camera_xyz=rerun.ViewCoordinates.RDF,
        image_plane_distance=scene.median_depth / 4,
    )
    recording.log("world/camera", rerun.Transform3D(translation=T[:3, 3], mat3x3=T[:3, :3]), pinhole)
    recording.log("world/camera/image", rerun.Image(frame.image).compress(jpeg_quality=JPEG_QUALITY))
    depth = np.where(frame.visible, np.minimum(frame.depth, LARGEST_HALF), 0).astype(np.float16)
    recording.log("world/camera/depth", rerun.DepthImage(depth, meter=1.0))
    if frame.moving is not None:
        recording.log("world/camera/mask", rerun.SegmentationImage(frame.moving.astype(np.uint8)))
        points, moves = frame_points(scene, frame)
        moving = points[moves]
        recording.log("world/moving", rerun.Points3D(moving.xyz, colors=moving.rgb))
    else:
        recording.log("world/camera/mask", rerun.Clear(recursive=False))
        recording.log("world/moving", rerun.Clear(recursive=False))
