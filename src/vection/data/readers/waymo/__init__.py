"""Waymo Open: TFRecords and Parquet, without Waymo's or TensorFlow's code."""
