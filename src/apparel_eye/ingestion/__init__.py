"""From the photos of a category to the manifest: what can be used, what belongs together, what was left out and why."""
