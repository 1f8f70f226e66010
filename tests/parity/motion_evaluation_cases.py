"""Adapter of the reference cases of motion, odometry and segmentation; no numbers of its own."""

from collections.abc import Callable
from typing import get_args

import numpy as np
import torch
from torch import Tensor

from vection.data.readers.waymo.camera import (
    CAMERA_TO_VEHICLE_AXES,
    UNSIGNED_AXES,
    camera_motions,
    camera_poses,
    change_axes,
    project_lidar,
    vehicle_to_camera,
)
from vection.evaluation.objects.motion import motion_curve
from vection.evaluation.objects.segmentation import confusion_matrix, segmentation_scores
from vection.evaluation.paths.odometry import LENGTHS, odometry_errors, rebase
from vection.evaluation.paths.trajectory import Alignment, align, snippet_errors, steps_from_poses

Tensors = dict[str, Tensor]


def motion_f1(inputs: Tensors) -> Tensors:
    curves = [
        motion_curve(mask[0].numpy(), moving=(label == 1).numpy(), ignored=(label == 3).numpy())
        for mask, label in zip(inputs["motion_mask"], inputs["label"], strict=True)
    ]
    curve = sum(curves[1:], start=curves[0])
    return {
        "threshold": torch.from_numpy(curve.thresholds),
        "tp": torch.from_numpy(curve.true_positive).double(),
        "fp": torch.from_numpy(curve.false_positive).double(),
        "fn": torch.from_numpy(curve.false_negative).double(),
        "precision": torch.from_numpy(curve.precision),
        "recall": torch.from_numpy(curve.recall),
        "f1": torch.from_numpy(curve.f1),
        "best_f1": torch.tensor(curve.f1[curve.best]),
        "best_threshold": torch.tensor(curve.thresholds[curve.best]),
    }


def odometry_ate(inputs: Tensors) -> Tensors:
    true_steps = steps_from_poses(inputs["gt_global"].numpy())
    relative = inputs["pred_relative"].numpy()
    predicted = np.linalg.inv(change_axes(relative, CAMERA_TO_VEHICLE_AXES))
    released = change_axes(relative, UNSIGNED_AXES)
    outputs: Tensors = {}
    for frames in (5, 100):
        clean = snippet_errors(true_steps, predicted, frames=frames)
        code = snippet_errors(true_steps, released, frames=frames, as_released=True, fewest_frames=frames - 1)
        outputs |= {
            f"code_{frames}.ate": torch.from_numpy(code.translation),
            f"code_{frames}.speed": torch.from_numpy(code.speed),
            f"clean_{frames}.ate": torch.from_numpy(clean.translation),
            f"clean_{frames}.rmse": torch.from_numpy(clean.rmse),
            f"clean_{frames}.scale": torch.from_numpy(clean.scale),
        }
    return outputs


def segmentation(inputs: Tensors) -> Tensors:
    truth = inputs["labels"].numpy()
    outputs: Tensors = {}
    for part, key, classes in (("c19", "predictions", 19), ("code20", "predictions_with_class_19", 20)):
        confusion = confusion_matrix(inputs[key].numpy(), truth, classes=classes)
        scores = segmentation_scores(confusion)
        summary = [scores.mean_iou, scores.mean_recall, scores.accuracy, scores.weighted_iou]
        outputs |= {
            f"{part}.confusion": torch.from_numpy(confusion),
            f"{part}.iou": torch.from_numpy(scores.iou),
            f"{part}.recall": torch.from_numpy(scores.recall),
            f"{part}.precision": torch.from_numpy(scores.precision),
            f"{part}.summary": torch.tensor(summary, dtype=torch.float64),
        }
    return outputs


def kitti_odometry(inputs: Tensors) -> Tensors:
    true, predicted = (homogeneous(inputs[f"{key}_poses_f64"].numpy()) for key in ("gt", "pred"))
    outputs: Tensors = {}
    for alignment in get_args(Alignment):
        errors = odometry_errors(predicted, true, alignment=alignment)
        segments, path = errors.segments, errors.path
        degrees = float(np.degrees(path.rpe_rotation))
        summary = [errors.t_err, errors.r_err, path.ate, path.rpe_translation, degrees]
        columns = [segments.first, segments.length, segments.translation, segments.rotation]
        last = align(rebase(predicted), rebase(true), alignment=alignment)[0][-1, :3]
        outputs |= {
            f"{alignment}.summary": torch.tensor(summary, dtype=torch.float64),
            f"{alignment}.per_length": torch.tensor([segments.mean(length=one) for one in LENGTHS]).double(),
            f"{alignment}.segments": torch.from_numpy(np.stack(columns, axis=1)),
            f"{alignment}.last_pose": torch.from_numpy(last),
        }
    return outputs


def waymo_axes(inputs: Tensors) -> Tensors:
    height, width = inputs["image_size"].tolist()
    fx, fy, cx, cy = inputs["intrinsic"].tolist()
    extrinsic = inputs["extrinsic"].numpy()
    T_vehicle_to_camera = vehicle_to_camera(extrinsic)
    points = inputs["points_vehicle"].numpy()
    projected, kept = project_lidar(
        points, T_vehicle_to_camera, intrinsics=(fx, fy, cx, cy), height=height, width=width
    )
    poses = camera_poses(inputs["vehicle_pose"].numpy(), extrinsic)
    return {
        "vehicle_to_camera": torch.from_numpy(T_vehicle_to_camera),
        "kept": torch.from_numpy(kept).to(torch.uint8),
        "pixel_depth": torch.from_numpy(projected),
        "camera_pose": torch.from_numpy(poses),
        "camera_motion": torch.from_numpy(camera_motions(poses)),
    }


def homogeneous(poses: np.ndarray) -> np.ndarray:
    whole = np.tile(np.eye(4), (len(poses), 1, 1))
    whole[:, :3] = poses
    return whole


CASES: dict[str, Callable[[Tensors, dict[str, Tensors] | None], Tensors]] = {
    "dynamo_motion_f1": lambda inputs, _: motion_f1(inputs),
    "dynamo_odometry_ate": lambda inputs, _: odometry_ate(inputs),
    "sg_miou": lambda inputs, _: segmentation(inputs),
    "odom_kitti_metrics_seq09": lambda inputs, _: kitti_odometry(inputs),
    "odom_kitti_metrics_seq10": lambda inputs, _: kitti_odometry(inputs),
    "waymo_axis_conversion": lambda inputs, _: waymo_axes(inputs),
}
