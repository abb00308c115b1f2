"""The ways to stop: each says what is wrong, where, and what to do, and leaves with its own exit code."""

import difflib
import errno
import re
from collections.abc import Iterable

_ELSEWHERE = "free some space, or name another folder with --params data=FOLDER"
_REASONS = {
    errno.ENOSPC: f"no space is left, or no room for another file; {_ELSEWHERE}",
    errno.EDQUOT: f"the quota is used up; {_ELSEWHERE}",
    errno.EFBIG: f"files may not become that large; {_ELSEWHERE}",
    errno.EIO: "the disk fails (input/output error); see to it, or name another folder with --params data=FOLDER",
    errno.EROFS: "the disk can only be read; name another folder with --params data=FOLDER",
    errno.EXDEV: "its folder lies on two file systems; name another folder with --params data=FOLDER",
    errno.EACCES: "permission denied; name another folder with --params data=FOLDER",
    errno.EPERM: "not permitted; name another folder with --params data=FOLDER",
    errno.EMFILE: "too many files are open; raise the limit, for example by: ulimit -n 4096",
    errno.ENFILE: "too many files are open on this machine; close other programs",
}

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_SECRET = re.compile(r"(?i)((?:password|passwd|pwd|token|secret|key|sig|signature)=)[^&\s;]+")


class ApparelEyeError(ValueError):
    """A stop that the user can do something about; shown in one line, without a traceback."""

    exit_code = 1


class UsageError(ApparelEyeError):
    """A parameter or an argument is wrong."""

    exit_code = 2


class DataError(ApparelEyeError):
    """The photos, labels or stored results are wrong."""

    exit_code = 3


class SystemEnvironmentError(ApparelEyeError):
    """Disk, rights, memory or network are not as needed."""

    exit_code = 4


class LockedError(ApparelEyeError):
    """Another run is writing to the same place."""

    exit_code = 5


class DivergedError(ApparelEyeError):
    """Training ran into numbers that are not finite."""

    exit_code = 6


class StoppedError(ApparelEyeError):
    """The run was asked to stop, by Ctrl-C or SIGTERM; what was saved is gone on from by the same command."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number  # as shells say of a program that a signal ended


def in_words(error: OSError) -> str:
    """Why the operating system refused, and what to do."""
    reason = error.strerror or str(error)
    return _REASONS.get(error.errno or 0, f"{reason}; name another folder with --params data=FOLDER")


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that does not exist: which names are alike, or else which there are."""
    names = sorted(known)
    alike = difflib.get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(alike)}?" if alike else f"there are {', '.join(names)}"


def without_credentials(text: str) -> str:
    """A text with addresses in it, without their users, passwords and keys."""
    return _SECRET.sub(r"\1***", _CREDENTIALS.sub("***", text))
