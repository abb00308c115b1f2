"""``python -m apparel_eye``: the project's command line."""

from apparel_eye.cli import cli


def main() -> None:
    """Run a command."""
    cli(prog_name="apparel-eye")


if __name__ == "__main__":
    main()
