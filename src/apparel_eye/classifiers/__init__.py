"""Heads on activations: XGBoost, bags, logistic regression, a perceptron. Knows neither Kedro nor MLflow."""
