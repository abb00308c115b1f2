"""How a run runs: fingerprints, resuming, locks, messages, hooks."""
