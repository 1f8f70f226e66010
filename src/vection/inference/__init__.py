"""Frames in, predictions out: depth with its unit, the camera's path, files."""
