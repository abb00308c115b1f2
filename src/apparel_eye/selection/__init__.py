"""Candidates, which of them answers, blends, submissions and their scoring."""
