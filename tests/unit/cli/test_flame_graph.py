import csv

import pytest

from cli.flame_graph import SMALLEST, Call, draw_flame_graph, function_times, profile_files

INNER = Call("fit", "faces/training.py", 0.5, own=True)
AGAIN = Call("run", "zenml/run.py", 0.25, (INNER,))
SHORT = Call("short", "x.py", SMALLEST / 2)
ROOT = Call("run", "zenml/run.py", 1.0, (Call("step", "s.py", 0.75, (INNER, AGAIN)), SHORT))


def test_bars_are_as_wide_as_their_time_and_short_calls_are_left_out() -> None:
    drawing = draw_flame_graph(ROOT)
    assert 'width="1200.0"' in drawing
    assert 'width="900.0"' in drawing
    assert drawing.count("fit (faces/training.py): 0.500 s, 50.0%") == 2
    assert "short" not in drawing
    assert "<script" not in drawing


def test_recursive_calls_count_once_in_the_total() -> None:
    times = {name: (own, total) for name, _, own, total in function_times(ROOT)}
    assert times["fit"] == (1.0, 1.0)
    assert times["run"][1] == 1.0
    assert times["step"][0] == pytest.approx(0.0)
    assert times["step"][1] == 0.75


def test_a_profile_has_a_page_and_a_table() -> None:
    files = profile_files("Profile of <run>", ROOT)
    assert "<h1>Profile of &lt;run&gt;</h1>" in files["page.html"]
    rows = list(csv.DictReader(files["functions.csv"].splitlines()))
    assert (rows[0]["function"], rows[0]["own"]) == ("fit", "1.0000")
    assert len(rows) == 4
