"""Heads on activations: XGBoost and logistic regression on arrays. Knows neither Kedro nor MLflow."""
