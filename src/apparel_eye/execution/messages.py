"""Errors in plain words, with exit codes; whatever has wrapped them, and without tracebacks unless they are wanted."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from apparel_eye import signals
from apparel_eye.errors import ApparelEyeError, DataError, StoppedError, SystemEnvironmentError, in_words
from apparel_eye.execution.broken_pipes import make_lasting
from apparel_eye.execution.configuration import stop_of_configuration

_NO_THREAD = "can't start new thread"  # Python's own words


@contextmanager
def errors_as_messages(debug: bool) -> Iterator[None]:
    """Within it, an error ends the program with one line and its exit code; ``debug`` shows the traceback."""
    make_lasting()
    try:
        with signals.handled():
            yield
    except (Exception, signals.Interrupted) as error:
        stop = _stop_of(error)
        if debug or stop is None:
            raise
        click.secho(f"error: {stop}", fg="red", err=True)
        sys.exit(stop.exit_code)


def _stop_of(error: BaseException) -> ApparelEyeError | None:
    """What the user can do something about, wherever Kedro has wrapped it; None is a fault of ours."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    for found in chain:
        if isinstance(found, ApparelEyeError):
            return found
    for found in chain:
        if isinstance(found, signals.Interrupted):
            return StoppedError(f"stopped by {found}; the same command goes on from there", found.signal_number)
        if isinstance(found, OSError):
            return SystemEnvironmentError(
                ": ".join([*([str(found.filename)] if found.filename else []), in_words(found)])
            )
        if isinstance(found, RuntimeError) and _NO_THREAD in str(found):
            return SystemEnvironmentError("this machine starts no more threads; raise the limit, see: ulimit -u")
    return _stop_of_kedro(error, chain)


def _stop_of_kedro(error: BaseException, chain: list[BaseException]) -> ApparelEyeError | None:
    """What Kedro says of files in ``conf`` and of datasets; what it raises is imported only then."""
    if stop := stop_of_configuration(chain):
        return stop
    from kedro.io.core import DatasetError

    return DataError(str(error)) if isinstance(error, DatasetError) else None
