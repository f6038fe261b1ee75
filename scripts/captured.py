"""Show or delete captured requests: the same as `python run.py captured`."""

import sys

from cli.captured import main

if __name__ == "__main__":
    sys.exit(main())
