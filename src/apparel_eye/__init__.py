"""Recognizes an attribute of a garment from a photo; ``predict`` is the one call for your own photos."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apparel_eye.prediction.api import predict

__all__ = ["predict"]


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: every command imports this package, and most need no photos."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from apparel_eye.prediction import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
