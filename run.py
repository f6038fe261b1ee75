#!/usr/bin/env python
"""The command line: `python run.py --help` explains it. The code is in cli/main.py."""

import sys

from cli.main import main

if __name__ == "__main__":
    sys.exit(main())
