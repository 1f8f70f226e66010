"""KITTI: raw drives, odometry sequences, depth prediction, their cameras, laser and positions."""
