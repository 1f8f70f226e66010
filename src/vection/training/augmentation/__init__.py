"""From stacked raw samples to the batch that networks learn from.

Imports `samples` and `geometry`.
"""
