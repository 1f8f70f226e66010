"""From recipes and folders to trainings, predictions, evaluations and reports: what commands and callers start.

Imports everything but the command line. `import vection` offers its functions.
"""
