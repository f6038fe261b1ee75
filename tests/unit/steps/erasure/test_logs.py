from pathlib import Path

from steps.erasure.logs import remove_lines


def test_lines_with_a_name_are_removed_while_a_server_appends(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"started\nrejected: it loses ada\nadamant\n\xff\n")
    with log.open("ab") as server:
        assert remove_lines([log, tmp_path / "missing.log"], ["ada"]) == 1
        server.write(b"went on\n")
    assert log.read_bytes() == b"started\nadamant\n\xff\nwent on\n"
    assert remove_lines([log], ["ada"]) == 0
