"""Encoders: an image in, features at five sizes out."""
