"""Published weights of encoders, read without running code."""
