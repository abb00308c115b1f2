"""What this room's tests share with others."""

from fixtures.ingestion import *  # noqa: F403
