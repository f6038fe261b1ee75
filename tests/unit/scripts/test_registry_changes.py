"""Versions of the model are compared in a table."""

from scripts.registry_changes import describe

NEW = {
    "stage": "production",
    "gate": "promoted: no worse | than version 1",
    "metrics": {"accuracy": 0.96, "f1": 0.9},
    "settings": {"model": "fisher", "seed": 0, "gate": {"minimum": 5}},
}
OLD = {
    "stage": "archived",
    "metrics": {"accuracy": 0.95},
    "settings": {"model": "svm", "seed": 0, "gate": {"minimum": 4}},
}


def test_a_version_is_compared_with_the_previous_one() -> None:
    lines = describe({"version 2": NEW, "version 1": OLD}).splitlines()
    assert "| stage | production | archived |" in lines
    assert "| gate decision | promoted: no worse \\| than version 1 | – |" in lines
    assert "| accuracy | 0.960 | 0.950 | +0.010 |" in lines
    assert "| f1 | 0.900 | – | – |" in lines
    assert "| model | fisher | svm |" in lines
    assert "| gate.minimum | 5 | 4 |" in lines
    assert not any(line.startswith("| seed") for line in lines), "it is the same"


def test_the_first_version_has_nothing_to_compare_with() -> None:
    text = describe({"version 1": OLD})
    assert "| accuracy | 0.950 |\n" in text
    assert "change" not in text
    assert "Settings" not in text
