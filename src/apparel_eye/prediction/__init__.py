"""A trained recognizer and anyone's photos: load, answer, write, explain."""
