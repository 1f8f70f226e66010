"""Made-up scenes in the real layout of nuScenes: at 10 m/s towards a wall with a parked and a moving car before it."""

import json
from pathlib import Path

import cv2
import numpy as np

SPEED, WALL = 10.0, 60.0
"""Metres a second along the world's x; the wall's x."""
WIDTH, HEIGHT = 160, 90
INTRINSIC = [[126.6, 0.0, 81.6], [0.0, 126.6, 49.1], [0.0, 0.0, 1.0]]
CAMERA = ([1.70079118954, 0.0159456324149, 1.51095763913], [0.5, -0.5, 0.5, -0.5])
"""Translation, quaternion: looking forward."""
LIDAR = ([0.943713, 0.0, 1.84023], [0.7071067811865476, 0.0, 0.0, -0.7071067811865476])
"""Its x looks to the right."""
CARS = {"moving": (30.0, 4.0), "parked": (24.0, -4.0), "ridden": (40.0, 0.0)}
"""x and y of the fronts, in the world; 2 m wide and high, 4 m long."""
START = 1_532_402_927_600_000
CAMERA_STEP, LIDAR_STEP, KEY_STEP = 100_000, 50_000, 500_000
LAST = 1_000_000
"""Microseconds of a scene."""


def world_points() -> np.ndarray:
    """Points on the wall and on the cars' fronts."""
    y, z = np.meshgrid(np.linspace(-15, 15, 61), np.linspace(0.2, 6, 30))
    parts = [np.stack([np.full(y.size, WALL), y.ravel(), z.ravel()], 1)]
    for x, side in CARS.values():
        y, z = np.meshgrid(np.linspace(side - 0.9, side + 0.9, 12), np.linspace(0.1, 1.9, 12))
        parts.append(np.stack([np.full(y.size, x + 0.05), y.ravel(), z.ravel()], 1))
    return np.concatenate(parts)


def ego_x(micros: int) -> float:
    return SPEED * micros * 1e-6


def sweep(micros: int) -> np.ndarray:
    """What the laser measures: x, y, z, intensity, ring."""
    ego = world_points() - [ego_x(micros), 0, 0] - np.array(LIDAR[0])
    points = np.stack([-ego[:, 1], ego[:, 0], ego[:, 2]], 1)
    return np.column_stack([points, np.zeros(len(points)), np.zeros(len(points))]).astype("<f4")


def write_nuscenes(root: Path, *, tables: str = "v1.0-trainval", annotated: bool = True) -> None:
    """Two scenes: scene-0003 (day, validation) and scene-0001 (night, training)."""
    content: dict[str, list[dict]] = {
        "sensor": [{"token": "camera", "channel": "CAM_FRONT"}, {"token": "laser", "channel": "LIDAR_TOP"},
                   {"token": "radar", "channel": "RADAR_FRONT"}],
        "calibrated_sensor": [
            {"token": "c", "sensor_token": "camera", "translation": CAMERA[0], "rotation": CAMERA[1],
             "camera_intrinsic": INTRINSIC},
            {"token": "l", "sensor_token": "laser", "translation": LIDAR[0], "rotation": LIDAR[1],
             "camera_intrinsic": []},
            {"token": "r", "sensor_token": "radar", "translation": LIDAR[0], "rotation": LIDAR[1],
             "camera_intrinsic": []}],
        "scene": [{"token": "s3", "name": "scene-0003", "description": "Parked truck, turn left"},
                  {"token": "s1", "name": "scene-0001", "description": "Night, wait at crossing"}],
        "sample": [], "sample_data": [], "ego_pose": [],
    }  # fmt: skip
    for scene in ("s3", "s1"):
        _add_scene(content, scene, root)
    if annotated:
        content |= _annotations(content["sample"])
    (root / tables).mkdir(parents=True)
    for name, rows in content.items():
        (root / tables / f"{name}.json").write_text(json.dumps(rows))


def _add_scene(content: dict[str, list[dict]], scene: str, root: Path) -> None:
    keys = range(0, LAST + 1, KEY_STEP)
    content["sample"] += [{"token": f"{scene}-{key}", "timestamp": START + key, "scene_token": scene} for key in keys]
    # the camera is exposed 35 ms before the laser's sweep ends; one sweep lies before the first key frame
    for channel, calibration, step, lag, first in (
        ("CAM_FRONT", "c", CAMERA_STEP, -35_000, -CAMERA_STEP), ("LIDAR_TOP", "l", LIDAR_STEP, 0, 0),
        ("RADAR_FRONT", "r", KEY_STEP, 0, 0),
    ):  # fmt: skip
        for time in range(first, LAST + 1, step):
            micros, is_key = time + lag, time in keys
            file = f"{'samples' if is_key else 'sweeps'}/{channel}/{scene}__{channel}__{START + micros}"
            file += ".jpg" if channel == "CAM_FRONT" else ".pcd.bin"
            token = f"{scene}-{channel}-{micros}"
            key = min(keys, key=lambda key: abs(key - time))
            image = channel == "CAM_FRONT"
            content["sample_data"].append({
                "token": token, "sample_token": f"{scene}-{key}", "ego_pose_token": token, "filename": file,
                "calibrated_sensor_token": calibration, "timestamp": START + micros, "is_key_frame": is_key,
                "width": WIDTH if image else 0, "height": HEIGHT if image else 0})  # fmt: skip
            content["ego_pose"].append({"token": token, "timestamp": START + micros, "rotation": [1.0, 0, 0, 0],
                                        "translation": [ego_x(micros), 0.0, 0.0]})  # fmt: skip
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            if image:
                grey = np.full((HEIGHT, WIDTH, 3), 100 + time // CAMERA_STEP, np.uint8)
                cv2.imwrite(str(root / file), grey)
            elif channel == "LIDAR_TOP":
                sweep(micros).tofile(root / file)
    content["sample_data"].reverse()  # tables are in no order


def _annotations(samples: list[dict]) -> dict[str, list[dict]]:
    motion = {"moving": ["a-moving"], "parked": ["a-parked"], "ridden": ["a-rider"]}
    rows = [
        {"token": f"{sample['token']}-{name}", "sample_token": sample["token"], "instance_token": f"i-{name}",
         "attribute_tokens": motion[name], "translation": [x + 2.0, y, 1.0], "size": [2.0, 4.0, 2.0],
         "rotation": [1.0, 0, 0, 0]}
        for sample in samples for name, (x, y) in CARS.items()
    ]  # fmt: skip
    rows.append({**rows[0], "token": "b", "instance_token": "i-barrier", "attribute_tokens": [],
                 "translation": [WALL, 0.0, 1.0], "size": [30.0, 1.0, 3.0]})  # fmt: skip
    category = {"moving": "vehicle.car", "parked": "vehicle.car", "ridden": "vehicle.bicycle",
                "barrier": "movable_object.barrier"}  # fmt: skip
    return {
        "sample_annotation": rows,
        "category": [{"token": name, "name": name} for name in sorted(set(category.values()))],
        "instance": [{"token": f"i-{name}", "category_token": kind} for name, kind in category.items()],
        "attribute": [{"token": "a-moving", "name": "vehicle.moving"}, {"token": "a-parked", "name": "vehicle.parked"},
                      {"token": "a-rider", "name": "cycle.with_rider"}],
    }  # fmt: skip
