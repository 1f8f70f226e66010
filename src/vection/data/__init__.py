"""Data from files as their owners publish them to what training reads.

`clips` (the one format), `ingest` (any video), `readers` and `prepare` (published data sets), `splits` (published
lists), `sets` (torch data sets), `synthetic` (a ray-traced street). Only `sets` needs torch.
"""
