"""What this room's tests share with others."""

from fixtures.recipe import *  # noqa: F403
