"""One module a file format: it writes, reads and checks it. Imports nothing but small tools."""
