"""The depth of a frame from dense flow to its neighbours, and what is left out of it."""
