"""Adapter of the reference cases of depth evaluation and flip post-processing; no numbers of its own."""

from collections.abc import Callable
from dataclasses import asdict, astuple, replace

import numpy as np
import torch
from tests.parity import motion_evaluation_cases
from torch import Tensor

from vection.data.readers.cityscapes.camera import depth_from_disparity
from vection.data.readers.kitti.lidar import LidarCalibration, lidar_depth_map
from vection.evaluation.depth.evaluate import ComparedPixels, compare, score
from vection.evaluation.depth.metrics import mean_server_errors, server_errors, server_table
from vection.evaluation.depth.points import DYNAMO_LABELS, PointTruth, compare_points
from vection.evaluation.depth.protocol import GARG, Crop, DepthProtocol
from vection.evaluation.depth.protocols import (
    CITYSCAPES,
    CITYSCAPES_TOP,
    EIGEN_BENCHMARK,
    KITTI_EIGEN,
    KITTI_EIGEN_STEREO,
)
from vection.evaluation.depth.result import summarise
from vection.evaluation.paths.trajectory import snippet_errors, steps_from_poses
from vection.evaluation.predictions.kinds import PredictedMap
from vection.evaluation.predictions.read import depth_from_png
from vection.evaluation.truth.truth_set import GroundTruth
from vection.formats.evaluation_file import ImageRow
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
    poses = motion_evaluation_cases.homogeneous(inputs["gt_poses_f64"].numpy())
    true, predicted = steps_from_poses(poses), inputs["pred_T_next_f64"].numpy()
    released = snippet_errors(true, predicted, as_released=True, fewest_frames=2).translation
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


def _mean_std(values: np.ndarray) -> Tensor:
    return torch.tensor([values.mean(), values.std()], dtype=torch.float64)


def flip_postprocess(inputs: Tensors) -> Tensors:
    blended = blend_flipped(inputs["disp"][:, None].double(), inputs["disp_of_mirrored_image"][:, None].double())
    return {"disp": blended[:, 0]}


def category_metrics(inputs: Tensors) -> Tensors:
    outputs: Tensors = {}
    for part, cap, crop in (("full", 75.0, None), ("garg", 80.0, GARG)):
        protocol = DepthProtocol(
            *(part, "points"),
            truth_above=1e-3,
            max_depth=cap,
            truth_below=cap,
            crop=crop,
            median="lower",
            categories=("all", *DYNAMO_LABELS),
        )
        rows = _point_rows(inputs, protocol)
        outputs[f"{part}.all"] = torch.from_numpy(summarise(rows, protocol)["all"].mean.as_array())
        pooled = summarise(rows, replace(protocol, averaging="per pixel"))
        names = {
            "static background": "static_background",
            "moving objects": "moving",
            "static objects": "static_movable",
        }
        for category, key in names.items():
            outputs[f"{part}.{key}"] = torch.from_numpy(pooled[category].mean.as_array())
            outputs[f"{part}.{key}.count"] = torch.tensor(pooled[category].pixels)
    return outputs


def _point_rows(inputs: Tensors, protocol: DepthProtocol) -> list[ImageRow]:
    rows: list[ImageRow] = []
    for number, disparity in enumerate(inputs["disp_scaled"]):
        points = inputs["points"][number][inputs["valid"][number] > 0].numpy()
        height, width = inputs["gt_size"][number].tolist()
        truth = PointTruth(points, (height, width), inputs["label"][number].numpy())
        compared = compare_points(PredictedMap(disparity[0].numpy(), "inverse-depth"), truth, protocol)
        assert compared is not None
        rows += score(str(number), compared, protocol, scale=compared.ratio)
    return rows


def cityscapes_depth(inputs: Tensors) -> Tensors:
    cameras = zip(inputs["disparity_png"], inputs["fx"].tolist(), inputs["baseline"].tolist(), strict=True)
    depths = [
        depth_from_disparity(stored.numpy().astype(np.uint16), focal=fx, baseline=baseline)
        for stored, fx, baseline in cameras
    ]
    height, width = depths[0].shape
    first_row, end_row, first_column, end_column = inputs["window"].tolist()
    rectangle = (first_row, end_row, first_column, end_column)
    crop = Crop.of_pixels("given window", rectangle, height=height, width=width)
    in_window = [PredictedMap(one[0].numpy()) for one in inputs["pred_depth_window"]]
    parts = {
        "top": (CITYSCAPES_TOP, [PredictedMap(one[0].numpy(), "inverse-depth") for one in inputs["pred_disp_top"]]),
        "window_disp": (replace(CITYSCAPES, seen=crop), in_window),
        "window_depth": (replace(CITYSCAPES, seen=crop, resize="depth"), in_window),
    }
    outputs: Tensors = {"gt_depth": torch.from_numpy(np.stack(depths)[:, None])}
    for part, (named, predictions) in parts.items():
        protocol = replace(named, crop=crop)
        pairs = [compare(one, GroundTruth("", depth), protocol) for one, depth in zip(predictions, depths, strict=True)]
        compared = [pair for pair in pairs if pair is not None]
        scores = _scores(compared, protocol)
        outputs |= {
            f"{part}.metrics": scores["per_image"],
            f"{part}.ratio": scores["ratio"],
            f"{part}.mean": scores["mean"],
            "valid_pixels": torch.tensor([one.truth.size for one in compared]),
        }
    return outputs


def kitti_server(inputs: Tensors) -> Tensors:
    pairs = []
    for truth, predicted in zip(inputs["gt_png"], inputs["pred_png"], strict=True):
        known = truth > 0
        pairs.append(tuple(depth_from_png(one[known].numpy()) for one in (predicted, truth)))
    errors = [server_errors(predicted, truth) for predicted, truth in pairs]
    table = server_table(mean_server_errors(errors))
    pooled = server_errors(*(np.concatenate(values) for values in zip(*pairs, strict=True)))
    return {
        "per_image": torch.tensor([astuple(one) for one in errors], dtype=torch.float64),
        **{key: torch.tensor(value, dtype=torch.float64) for key, value in table.items()},
        "wrong_pooled_SILog": torch.tensor(server_table(pooled)["SILog"], dtype=torch.float64),
    }


CASES: dict[str, Callable[[Tensors, dict[str, Tensors] | None], Tensors]] = {
    **motion_evaluation_cases.CASES,
    "dynamo_category_metrics": lambda inputs, _: category_metrics(inputs),
    "cityscapes_depth_gt": lambda inputs, _: cityscapes_depth(inputs),
    "kitti_server_metrics": lambda inputs, _: kitti_server(inputs),
}
"""Cases whose adapter stands here alone."""
