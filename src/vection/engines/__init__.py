"""Trained methods made ready to predict: faster copies, and files of other run times that predict the same.

Imports `methods` and `networks`. ONNX Runtime and OpenVINO are imported when they are used.
"""
