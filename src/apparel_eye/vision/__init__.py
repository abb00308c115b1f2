"""Photos, networks and what trains them. Knows neither Kedro nor MLflow."""
