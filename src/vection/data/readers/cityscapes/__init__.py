"""Cityscapes: video snippets, cameras, disparities, labels."""
