"""Adapter of the reference cases of evaluation and flip post-processing; no numbers of its own."""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor

from vection.evaluation.evaluate import ComparedPixels, compare, score
from vection.evaluation.lidar import LidarCalibration, lidar_depth_map
from vection.evaluation.predictions import PredictedMap
from vection.evaluation.protocol import EIGEN_BENCHMARK, GARG, KITTI_EIGEN, KITTI_EIGEN_STEREO, DepthProtocol
from vection.evaluation.result import summarise
from vection.evaluation.trajectory import snippet_errors, steps_from_poses
from vection.evaluation.truth import GroundTruth
from vection.inference.flip import blend_flipped

Tensors = dict[str, Tensor]


def depth_metrics(inputs: Tensors) -> Tensors:
    predictions = [PredictedMap(one.numpy(), "inverse-depth") for one in inputs["pred_disp"]]
    truths = [_sparse_truth(inputs, number) for number in range(len(predictions))]
    outputs: Tensors = {}
    pixels: dict[str, list[int]] = {}
    protocols = {"eigen_mono": KITTI_EIGEN, "eigen_stereo": KITTI_EIGEN_STEREO, "improved_mono": EIGEN_BENCHMARK}
    for name, protocol in protocols.items():
        pairs = [compare(one, truth, protocol) for one, truth in zip(predictions, truths, strict=True)]
        compared = [pair for pair in pairs if pair is not None]
        pixels[name] = [one.truth.size for one in compared]
        outputs |= {f"{name}.{key}": value for key, value in _scores(compared, protocol).items()}
    sizes = inputs["gt_sizes"].tolist()
    outputs["crop_rows_cols"] = torch.tensor([GARG.window(*size) for size in sizes], dtype=torch.int32)
    counts = [pixels["eigen_mono"], pixels["improved_mono"]]
    outputs["valid_pixels"] = torch.tensor(counts, dtype=torch.int32).T
    return outputs


def _sparse_truth(inputs: Tensors, number: int) -> GroundTruth:
    depth = np.zeros(inputs["gt_sizes"][number].tolist(), np.float32)
    row, column = (inputs[f"gt_{number}_{axis}"].long().numpy() for axis in ("row", "col"))
    depth[row, column] = inputs[f"gt_{number}_depth"].numpy()
    return GroundTruth(str(number), depth)


def _scores(compared: list[ComparedPixels], protocol: DepthProtocol) -> Tensors:
    scaled = protocol.scaling != "none"
    rows = [score("", one, protocol, scale=one.ratio if scaled else 1.0)[0] for one in compared]
    ratios = np.array([row.ratio for row in rows])
    middle = float(np.median(ratios))
    mean = summarise(rows, protocol)[rows[0].category].mean
    outputs = {
        "per_image": torch.tensor([list(asdict(row.errors).values()) for row in rows], dtype=torch.float64),
        "mean": torch.from_numpy(mean.as_array()),
    }
    if scaled:
        outputs["ratio"] = torch.from_numpy(ratios)
        outputs["ratio_median_std"] = torch.tensor([middle, float(np.std(ratios / middle))], dtype=torch.float64)
    return outputs


def lidar_gt(inputs: Tensors) -> Tensors:
    width, height = inputs["image_size_wh"].tolist()
    outputs: Tensors = {}
    for points, part, cameras in (("points", "clean", (2, 3)), ("points_with_border_hits", "border", (2,))):
        for camera in cameras:
            calibration = LidarCalibration(
                P_rect=inputs[f"P_rect_0{camera}_f64"].numpy(),
                R_rect_00=inputs["R_rect_00_f64"].numpy(),
                R_velodyne_to_camera=inputs["velo_to_cam_R_f64"].numpy(),
                t_velodyne_to_camera=inputs["velo_to_cam_T_f64"].numpy(),
                width=width,
                height=height,
            )
            for value, key in (("velodyne-x", "velodyne_x"), ("camera-z", "camera_z")):
                depth = lidar_depth_map(
                    inputs[points].numpy(), calibration, value=value, reproduce_index_confusion=part == "border"
                )
                outputs[f"{part}.cam{camera}_{key}"] = torch.from_numpy(depth)
    return outputs


def pose_ate5(inputs: Tensors) -> Tensors:
    poses = _homogeneous(inputs["gt_poses_f64"].numpy())
    true, predicted = steps_from_poses(poses), inputs["pred_T_next_f64"].numpy()
    released = snippet_errors(true, predicted, as_released=True, partial=True).translation
    full = snippet_errors(true, predicted, as_released=True).translation
    correct = snippet_errors(true, predicted)
    return {
        "md2_ate": torch.from_numpy(released),
        "md2_mean_std": _mean_std(released),
        "full_windows_mean_std": _mean_std(full),
        "sc_ate": torch.from_numpy(correct.translation),
        "sc_rotation_error": torch.from_numpy(correct.rotation),
        "sc_mean_std": torch.stack([_mean_std(correct.translation), _mean_std(correct.rotation)]),
    }


def _homogeneous(poses: np.ndarray) -> np.ndarray:
    whole = np.tile(np.eye(4), (len(poses), 1, 1))
    whole[:, :3] = poses
    return whole


def _mean_std(values: np.ndarray) -> Tensor:
    return torch.tensor([values.mean(), values.std()], dtype=torch.float64)


def flip_postprocess(inputs: Tensors) -> Tensors:
    blended = blend_flipped(inputs["disp"][:, None].double(), inputs["disp_of_mirrored_image"][:, None].double())
    return {"disp": blended[:, 0]}


CASES: dict[str, Callable[[Tensors, dict[str, Tensors] | None], Tensors]] = {}
"""Cases whose adapter stands here alone."""
