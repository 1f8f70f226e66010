"""A loss that falls means nothing by itself: what else to watch, and what to do about it."""
