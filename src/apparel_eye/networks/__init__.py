"""Backbones, heads, layer groups, devices, forward passes, checkpoints."""
