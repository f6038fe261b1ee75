"""Send a face to the endpoint: the same as `python run.py predict`."""

import sys

from cli.predict import main

if __name__ == "__main__":
    sys.exit(main())
