import pytest

from cli import lineage


@pytest.mark.parametrize("words", [[], ["abc", "--version", "3"]])
def test_either_a_request_or_a_version_is_named(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        lineage.main(words)
    assert "name a request, or --version N" in capsys.readouterr().err


def test_the_command_shows_what_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr(lineage, "print_lineage", shown.append)
    monkeypatch.setattr(lineage, "print_version", shown.append)
    monkeypatch.setattr("cli.runtime_env.silence_framework_logs", lambda: None)
    assert lineage.main(["abc"]) == 0
    assert lineage.main(["--version", "7"]) == 0
    assert shown == ["abc", 7]
