"""Execute the documentation's notebook, and store its outputs in it.

    python -m scripts.documentation.notebook

Its cells are plain Python, so neither Jupyter nor a kernel is needed.
"""

import base64
import contextlib
import io
import json
from typing import Any

from scripts.documentation.graph import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
DPI = 80
COLOURS = 32
"""Figures are stored with a palette, which keeps them small."""


def main() -> None:
    """Execute all cells in order; one that fails ends it."""
    notebook = read_notebook()
    for cell, outputs in zip(code_cells(notebook), execute(notebook), strict=True):
        cell["outputs"] = outputs
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def read_notebook() -> dict[str, Any]:
    """Return the notebook, in Jupyter's format."""
    notebook: dict[str, Any] = json.loads(NOTEBOOK.read_text())
    return notebook


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cells with code.

    Args:
        notebook: The notebook.
    """
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def execute(notebook: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Execute the cells with code in one namespace.

    Args:
        notebook: The notebook.

    Returns:
        Per cell, what it printed and the figures that it showed, in Jupyter's format.
    """
    import matplotlib

    matplotlib.use("agg")
    namespace: dict[str, Any] = {}
    results = []
    for cell in code_cells(notebook):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("".join(cell["source"]), NOTEBOOK.name, "exec"), namespace)
        text = printed.getvalue().splitlines(keepends=True)
        stream = {"name": "stdout", "output_type": "stream", "text": text}
        results.append([*([stream] if text else []), *_figures()])
    return results


def _figures() -> list[dict[str, Any]]:
    """Return the open figures, and close them."""
    import matplotlib.pyplot as plt
    from PIL import Image

    outputs = []
    for number in plt.get_fignums():
        drawn, small = io.BytesIO(), io.BytesIO()
        plt.figure(number).savefig(drawn, dpi=DPI, bbox_inches="tight")
        Image.open(drawn).convert("RGB").quantize(COLOURS).save(small, "png", optimize=True)
        data = {"image/png": base64.b64encode(small.getvalue()).decode()}
        outputs.append({"data": data, "metadata": {}, "output_type": "display_data"})
    plt.close("all")
    return outputs


if __name__ == "__main__":
    main()
