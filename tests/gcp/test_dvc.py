"""A folder of people is versioned by DVC with a bucket as its remote, here an emulated one."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from benchmarks.servers_under_test import free_port

ROOT = Path(__file__).parents[2]
DVC = ROOT / ".venv-dvc" / "bin" / "dvc"
BUCKET = "faces"
TIMEOUT_SECONDS = 30


@pytest.fixture
def emulator() -> Iterator[str]:
    port = free_port()
    program = Path(sys.executable).with_name("gcp-storage-emulator")
    options = [f"--port={port}", "--host=127.0.0.1", "--in-memory", f"--default-bucket={BUCKET}"]
    process = subprocess.Popen([program, "start", *options], stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(address, timeout=1)
            break
        except requests.ConnectionError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()


def test_people_are_pushed_to_a_bucket_and_pulled_again(tmp_path: Path, emulator: str) -> None:
    environment = {
        **os.environ,
        "STORAGE_EMULATOR_HOST": emulator,
        **{f"GIT_{role}_NAME": "test" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "test@example.com" for role in ("AUTHOR", "COMMITTER")},
    }

    def call(program: str | Path, *arguments: str) -> str:
        done = subprocess.run(
            [program, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    call("git", "init", "-q")
    shutil.copytree(ROOT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    for name in ("dvc.yaml", "configs/training.yaml", "requirements/base.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    pictures = {f"people/{who}/1.png": os.urandom(200) for who in ("ada", "bob")}
    for name, data in pictures.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(data)

    call(DVC, "remote", "add", "--local", "--default", "bucket", f"gs://{BUCKET}/dvc")
    call(DVC, "remote", "modify", "--local", "bucket", "allow_anonymous_login", "true")
    call(DVC, "add", "people")
    assert "people" in (tmp_path / ".gitignore").read_text().splitlines()[-1]
    call(DVC, "push")
    shutil.rmtree(tmp_path / "people")
    shutil.rmtree(tmp_path / ".dvc" / "cache")
    call(DVC, "pull")
    assert {name: (tmp_path / name).read_bytes() for name in pictures} == pictures
    assert "run.py --pipeline training --data people" in call(DVC, "repro", "--dry")

    call("git", "add", "--all")
    call("git", "commit", "-qm", "first")
    (tmp_path / "people/ada/2.png").write_bytes(os.urandom(200))
    call(DVC, "add", "people")
    call(DVC, "push")
    call("git", "commit", "-qam", "second")
    shutil.rmtree(tmp_path / ".dvc" / "cache")
    changes = call(DVC, "diff", "--md", "HEAD~1", "HEAD")
    assert "| added    | people/ada/2.png |" in changes
    assert "bob" not in changes
