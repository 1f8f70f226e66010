"""Depth against true depth: protocols, errors, baselines, results."""
