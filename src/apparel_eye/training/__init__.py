"""Stages, the loop, losses, schedules, the rate finder, resuming to the bit."""
