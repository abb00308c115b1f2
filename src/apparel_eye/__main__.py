"""``python -m apparel_eye``: Kedro's command line for this project."""

import os
from pathlib import Path

_LOGGING = Path("conf/logging.yml")


def main() -> None:
    """Run the project's commands."""
    ours = Path(__file__).parents[2] / _LOGGING
    # Kedro looks for it below the current folder when it is imported, and says so if it is not there
    if not _LOGGING.exists() and ours.exists():
        os.environ.setdefault("KEDRO_LOGGING_CONFIG", str(ours))
    from kedro.framework.project import configure_project

    from apparel_eye.cli import cli

    configure_project(Path(__file__).parent.name)
    cli()


if __name__ == "__main__":
    main()
