"""From a raw folder to batches of pixels: layouts, reading, copies, folds, photo sources, transforms."""
