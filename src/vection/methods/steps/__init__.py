"""Pieces of a training step that take a method's settings or remember something; methods share some of them.

Imports `losses`, `geometry` and `networks`.
"""
