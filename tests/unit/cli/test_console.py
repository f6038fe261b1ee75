import pytest
from rich.table import Table

from cli.console import make_console
from cli.summaries import print_summary
from tests.unit.cli.test_summaries import training

LONG = " ".join(["word"] * 100)


@pytest.mark.parametrize("stderr", [False, True])
def test_redirected_output_is_neither_wrapped_nor_padded(
    stderr: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    console = make_console(stderr)
    console.print(LONG)
    table = Table("name", "text", box=None)
    table.add_row("a", LONG)
    table.add_row("b", "short")
    console.print(table)
    captured = capsys.readouterr()
    lines = (captured.err if stderr else captured.out).splitlines()
    assert [line.split() for line in lines] == [
        LONG.split(),
        ["name", "text"],
        ["a", *LONG.split()],
        ["b", "short"],
    ]
    assert [line.rstrip() for line in lines] == lines


def test_columns_sets_the_width_of_redirected_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    make_console().print(LONG)
    assert {len(line) <= 40 for line in capsys.readouterr().out.splitlines()} == {True}


def test_a_redirected_summary_has_one_line_per_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    summary = training()
    print_summary(summary, make_console())
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:].index("") == len(summary.rows())
    assert [line.rstrip() for line in lines] == lines
