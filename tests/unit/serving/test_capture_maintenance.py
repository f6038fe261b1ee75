"""Maintenance of captured requests: which files are deleted, and when the clock is trusted."""

import time
from pathlib import Path
from types import SimpleNamespace

import fsspec
import pytest

from components.deployers.settings import ServingSettings
from serving.capture import clock, retention
from serving.capture.files import capture_files
from serving.capture.locations import add_locations, read_locations
from serving.capture.reader import delete_captured, read_files
from serving.settings import ServerSettings

DAY = 86_400
OLD, RECENT = "20200101T000000Z-1-1.faces", "20991231T000000Z-1-1.faces"


def settings(folder: Path, **capture: object) -> ServerSettings:
    serving = ServingSettings.model_validate({"capture": capture})
    return serving.for_server("faces", str(folder))


def write(folder: Path, *names: str, size: int = 10) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(bytes(size))


def names(folder: Path) -> list[str]:
    return [file.name for file in capture_files(folder)]


def test_files_with_other_names_are_left_alone(tmp_path: Path) -> None:
    server = settings(tmp_path)
    captured = server.capture_folder
    write(captured, OLD, RECENT, "backup.faces", "20201332T000000Z-1-1.faces")
    retention.maintain(server)
    assert {file.name for file in captured.glob("*.faces")} == {
        RECENT,
        "backup.faces",
        "20201332T000000Z-1-1.faces",
    }
    assert len(list(read_files([str(captured)], since=time.time()))) == 1
    assert delete_captured([str(captured)], before=0) == 0


def test_earlier_locations_are_kept_in_mind(tmp_path: Path) -> None:
    first, second = (
        settings(tmp_path / "server"),
        settings(tmp_path / "server", capture_uri=str(tmp_path / "elsewhere")),
    )
    (tmp_path / "server").mkdir()
    assert read_locations(tmp_path / "server") == []
    write(first.capture_folder, OLD)
    add_locations(first)
    add_locations(second)
    add_locations(second)
    expected = [str(first.capture_folder), str(tmp_path / "elsewhere")]
    assert read_locations(tmp_path / "server") == expected
    retention.maintain(second)
    assert names(first.capture_folder) == []


def test_the_oldest_files_are_deleted_above_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = settings(tmp_path, max_capture_bytes=1_000_000)
    recent = [f"2099122{day}T000000Z-1-1.faces" for day in range(3)]
    write(server.capture_folder, *recent, size=400_000)
    retention.maintain(server)
    assert names(server.capture_folder) == recent[1:]
    assert f"deleted {recent[0]}: captured requests exceed" in capsys.readouterr().err


def test_a_long_log_is_moved_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MAX_LOG_BYTES", 10)
    log = tmp_path / "server.log"
    with log.open("ab") as appending:
        appending.write(b"a long line\n")
        appending.flush()
        retention.maintain(settings(tmp_path))
        appending.write(b"short\n")
    assert log.read_bytes() == b"short\n"
    assert (tmp_path / "server.log.1").read_bytes() == b"a long line\n"


class Clocks:
    """The two clocks of a simulated machine, and its boots."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.wall, self.monotonic, self.boot = folder, 1.7e9, 1e5, folder / "boot"
        self.boot.write_text("first")
        monkeypatch.setattr(time, "time", lambda: self.wall)
        monkeypatch.setattr(time, "monotonic", lambda: self.monotonic)
        monkeypatch.setattr(clock, "BOOT_ID", self.boot)

    def trusted(self, wall: float, monotonic: float) -> bool:
        """Let both clocks advance, and ask."""
        self.wall += wall
        self.monotonic += monotonic
        return clock.is_trusted(self.folder)

    def reboot(self, shutdown: float) -> bool:
        """Restart the machine, and ask."""
        self.boot.write_text(f"{self.boot.read_text()} again")
        self.monotonic = 10
        return self.trusted(shutdown, 0)


@pytest.fixture
def clocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(tmp_path, monkeypatch)


@pytest.mark.parametrize("step", [40 * DAY, -10 * DAY])
def test_after_a_jump_nothing_is_deleted_for_a_day(clocks: Clocks, step: float) -> None:
    assert clocks.trusted(0, 0)
    assert clocks.trusted(300, 300.5)
    assert not clocks.trusted(step + 300, 300)
    assert not clocks.trusted(300, 300)
    assert not clocks.trusted(300 - step, 300)  # it is corrected
    assert not clocks.trusted(DAY - 1, DAY - 1)
    assert clocks.trusted(2, 2)


def test_restarts_are_no_jump_unless_much_time_seems_to_have_passed(clocks: Clocks) -> None:
    assert clocks.trusted(0, 0)
    assert clocks.reboot(2 * DAY)
    assert not clocks.reboot(40 * DAY)
    assert not clocks.reboot(DAY / 2)
    assert clocks.reboot(DAY)


def test_a_damaged_state_of_the_clock_is_replaced(clocks: Clocks) -> None:
    (clocks.folder / "clock.json").write_text("{")
    assert clocks.trusted(0, 0)
    assert clocks.trusted(1, 1)


def test_expired_files_stay_while_the_clock_is_not_trusted(clocks: Clocks, tmp_path: Path) -> None:
    server = settings(tmp_path)
    write(server.capture_folder, "20231114T000000Z-1-1.faces")  # the day of the simulated time
    retention.maintain(server)
    clocks.wall += 40 * DAY
    retention.maintain(server)
    assert len(names(server.capture_folder)) == 1
    clocks.wall += DAY
    clocks.monotonic += DAY
    retention.maintain(server)
    assert names(server.capture_folder) == []


def test_an_upload_whose_response_was_lost_does_not_block_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket allows this server to create objects, and not to replace them."""
    folder, uploaded = tmp_path / "captured", set[str]()
    committed, forbidden, ordinary = "20200101T000000Z-1-1.faces", OLD[:-7] + "2.faces", RECENT
    write(folder, committed, forbidden, ordinary)
    uploaded.add(committed)

    def put_file(source: str, target: str, mode: str = "overwrite") -> None:
        name = Path(target).name
        if name in uploaded and mode == "create":
            raise FileExistsError(target)
        if name in uploaded or name == forbidden:
            raise OSError(f"Forbidden: {target}")
        uploaded.add(name)

    system = SimpleNamespace(protocol=("gs",), put_file=put_file)
    monkeypatch.setattr(fsspec, "url_to_fs", lambda uri: (system, uri))
    with pytest.raises(OSError, match="Forbidden"):
        retention.upload_closed_files(folder, "gs://bucket")
    assert uploaded == {committed, ordinary}
    assert names(folder) == [forbidden]
