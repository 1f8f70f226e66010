"""Predictions and ground truth under a stated protocol: numbers."""
