"""Last feature maps on disk: extraction, what is kept of them, which photo a row is of."""
