"""Commands that make data: ingest, prepare, splits."""
