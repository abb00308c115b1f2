"""``python -m apparel_eye``: Kedro's command line for this project."""

from pathlib import Path

from kedro.framework.project import configure_project

from apparel_eye.cli import cli


def main() -> None:
    """Run the project's commands."""
    configure_project(Path(__file__).parent.name)
    cli()


if __name__ == "__main__":
    main()
