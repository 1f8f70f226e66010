"""Errors and losses as pure functions of tensors: no weights, no configuration.

Imports `geometry`, `types` and thresholds of `formats`. `*_error` is a map, `*_loss` a scalar.
"""

from vection.losses.geometry_consistency import consistency_weight, depth_inconsistency
from vection.losses.ground import ground_loss
from vection.losses.measured_depth import compare_depth, measured_depth_loss, measured_gradient_loss
from vection.losses.measured_log_error import measured_log_error
from vection.losses.motion_cycle import rotation_cycle_loss, translation_cycle_loss
from vection.losses.motion_regularisation import group_smoothness_loss, sparsity_loss
from vection.losses.photometric import Target, average_reprojection, mean_over, minimum_reprojection, photometric_error
from vection.losses.rgbd_consistency import RgbdConsistency, rgbd_consistency
from vection.losses.scene_flow import motion_consistency_loss, motion_sparsity_loss
from vection.losses.segmentation import weighted_cross_entropy
from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean
from vection.losses.ssim import ssim_error
from vection.losses.weighted_ssim import weighted_ssim_error

__all__ = [
    "RgbdConsistency",
    "Target",
    "average_reprojection",
    "compare_depth",
    "consistency_weight",
    "depth_inconsistency",
    "edge_aware_smoothness_loss",
    "ground_loss",
    "group_smoothness_loss",
    "mean_over",
    "measured_depth_loss",
    "measured_gradient_loss",
    "measured_log_error",
    "minimum_reprojection",
    "motion_consistency_loss",
    "motion_sparsity_loss",
    "normalise_by_mean",
    "photometric_error",
    "rgbd_consistency",
    "rotation_cycle_loss",
    "sparsity_loss",
    "ssim_error",
    "translation_cycle_loss",
    "weighted_cross_entropy",
    "weighted_ssim_error",
]
