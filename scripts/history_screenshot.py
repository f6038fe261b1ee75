"""Make the picture of the history page for the documentation.

It needs Chromium, and the page of a demo with faces of people who do not exist:

    python run.py demo --data synthetic
    python -m scripts.history_screenshot demo.html docs/history.png
"""

import argparse
from io import BytesIO
from pathlib import Path

from PIL import Image

from scripts.chromium import chromium

SIZE = (1020, 1400)
COLOURS = 128


def main() -> None:
    """Write the top of the page as a PNG file with few colours."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path, help="the history page")
    parser.add_argument("picture", type=Path, help="the PNG file to write")
    args = parser.parse_args()
    with chromium() as browser, browser.page() as page:
        page.emulate(*SIZE)
        page.open(args.page.absolute().as_uri())
        picture = Image.open(BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(COLOURS).save(args.picture, optimize=True)
    print(f"{args.picture}: {args.picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
