"""From bytes to pixels: only whole photos of allowed formats, with every limit checked before anything is decoded."""
