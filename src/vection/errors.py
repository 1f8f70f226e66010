"""Errors that a user can meet: one clear sentence with the cause and the fix."""


class VectionError(Exception):
    """Base of every error that the command line prints as one sentence instead of a traceback."""

    exit_code = 1


class UsageError(VectionError):
    """A wrong argument: a missing file, an unknown recipe, an output folder that cannot be written."""

    exit_code = 2


class DataError(VectionError):
    """Unusable data: a corrupt video, too few frames, intrinsics that do not fit, a loss that is not finite."""

    exit_code = 3
