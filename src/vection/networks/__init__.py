"""Networks that predict depth, motion, segmentation and cameras; each usable alone.

Imports `geometry`, `samples` and `types`; knows neither losses nor recipes.
"""

from vection.networks.cameras import Cameras, LearnedCameras, PredictedCameras, camera_matrices
from vection.networks.depth.build import DepthNetwork, build_depth_network, build_disparity_network
from vection.networks.depth.decoder import DepthDecoder, SegmentationDecoder
from vection.networks.depth.dispnet import DispNet
from vection.networks.depth.lite_mono import LiteMonoDecoder, LiteMonoEncoder
from vection.networks.depth.shared_encoder import SharedEncoder
from vection.networks.encoders.build import build_encoder
from vection.networks.encoders.encoder import Encoder
from vection.networks.encoders.resnet import ResNet
from vection.networks.motion.ego_motion import EgoMotion, build_ego_motion
from vection.networks.motion.motion_field import MotionFieldNet
from vection.networks.motion.pose import PoseDecoder, PoseNet
from vection.networks.motion.scene_flow import build_motion_decoder

__all__ = [
    "Cameras",
    "DepthDecoder",
    "DepthNetwork",
    "DispNet",
    "EgoMotion",
    "Encoder",
    "LearnedCameras",
    "LiteMonoDecoder",
    "LiteMonoEncoder",
    "MotionFieldNet",
    "PoseDecoder",
    "PoseNet",
    "PredictedCameras",
    "ResNet",
    "SegmentationDecoder",
    "SharedEncoder",
    "build_depth_network",
    "build_disparity_network",
    "build_ego_motion",
    "build_encoder",
    "build_motion_decoder",
    "camera_matrices",
]
