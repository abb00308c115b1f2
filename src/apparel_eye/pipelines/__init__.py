"""One folder per registered pipeline; nodes are thin and import the library only when they run."""
