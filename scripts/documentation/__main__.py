"""Write the generated pages of the documentation: python -m scripts.documentation FOLDER."""

import os
import sys
from pathlib import Path

from cli import runtime_env


def main(folder: Path) -> None:
    """Write all pages.

    Args:
        folder: Where to; it is created.
    """
    os.environ["COLUMNS"] = "100"
    runtime_env.set_defaults()
    from scripts.documentation.pages import PAGES

    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
