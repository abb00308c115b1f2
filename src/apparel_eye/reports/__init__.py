"""Figures, overview, findings, model card."""
