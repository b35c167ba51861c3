"""The program: `analytics-sync`, or `python -m analytics_sync`."""

import sys


def main() -> None:
    """Run the command line, and end with its exit status."""
    from analytics_sync.cli.frame import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
