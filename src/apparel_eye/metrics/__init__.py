"""The official score, calibration, intervals, label noise: numbers in, numbers out."""
