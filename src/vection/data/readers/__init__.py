"""One reader a published data set: pure reading, in the data set's own layout.

Imports `data.clips`, `data.splits` and `data.ingest`; `sequences` is what each of them returns.
"""
