"""Predicting one input after another with a network that is loaded once, here or on a cluster."""
