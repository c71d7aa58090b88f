"""Makes `python -m patchkit` the same as the `patchkit` program."""

import sys

from patchkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
