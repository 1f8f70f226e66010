"""Depth, camera path and object motion, learned from your own unlabeled video."""
