"""The ways to stop: each says what is wrong, where, and what to do, and leaves with its own exit code."""


class ApparelEyeError(ValueError):
    """A stop that the user can do something about; shown in one line, without a traceback."""

    exit_code = 1


class UsageError(ApparelEyeError):
    """A parameter or an argument is wrong."""

    exit_code = 2


class DataError(ApparelEyeError):
    """The photos, labels or stored results are wrong."""

    exit_code = 3


class SurroundingsError(ApparelEyeError):
    """Disk, rights, memory or network are not as needed."""

    exit_code = 4


class LockedError(ApparelEyeError):
    """Another run is writing to the same place."""

    exit_code = 5


class DivergedError(ApparelEyeError):
    """Training ran into numbers that are not finite."""

    exit_code = 6
