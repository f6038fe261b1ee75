"""The documentation's notebook: its cells run, and print what is stored in it."""

import pytest

from scripts.documentation.notebook import NOTEBOOK, code_cells, execute, read_notebook

STORE = "store the new outputs: python -m scripts.documentation.notebook"


def test_the_notebook_prints_what_is_stored_in_it() -> None:
    notebook = read_notebook()
    for cell, outputs in zip(code_cells(notebook), execute(notebook), strict=True):
        stored = cell["outputs"]
        assert [output["output_type"] for output in outputs] == [
            output["output_type"] for output in stored
        ]
        for new, old in zip(outputs, stored, strict=True):
            assert new.get("text") == old.get("text"), STORE


def test_a_cell_that_fails_ends_the_execution() -> None:
    notebook = {"cells": [{"cell_type": "code", "source": ["1 / 0"]}]}
    with pytest.raises(ZeroDivisionError):
        execute(notebook)


def test_the_notebook_has_no_real_faces() -> None:
    text = NOTEBOOK.read_text()
    assert 'load_faces(\\"synthetic\\"' in text
    assert text.count("load_faces(") == 1
