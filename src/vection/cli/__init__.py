"""The program `vection`: a file a command, which turns arguments into a call of the library.

Imports anything, when the command runs; nothing imports it.
"""
