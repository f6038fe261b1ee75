"""The clients that come with Seldon Core work with the endpoint."""

import json
import subprocess
from pathlib import Path

import pytest

from components.deployers.seldon_local.environment import ensure_environment
from serving.settings import ServerSettings

CONTRACT = {
    "features": [
        {"name": "x", "dtype": "FLOAT", "ftype": "continuous", "range": [0, 1], "repeat": 4096}
    ],
    "targets": [
        {"name": "p", "dtype": "FLOAT", "ftype": "continuous", "range": [0, 1], "repeat": 12}
    ],
}


def run(program: str, *arguments: str) -> str:
    """Run a program of the server's environment, and return what it prints."""
    command = [str(ensure_environment().with_name(program)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_every_call_of_seldons_client_succeeds(server: ServerSettings) -> None:
    script = Path(__file__).with_name("seldon_client_calls.py")
    lines = run("python", str(script), server.address).splitlines()
    results = [json.loads(line) for line in lines if line.startswith("[")]
    assert len(results) == 9
    assert [result for result in results if not result[1]] == []


@pytest.mark.parametrize("arguments", [[], ["--tensor"], ["--batch-size", "3"]])
@pytest.mark.parametrize("program", ["seldon-core-tester", "seldon-core-api-tester"])
def test_seldons_testers_get_predictions(
    server: ServerSettings, tmp_path: Path, program: str, arguments: list[str]
) -> None:
    contract = tmp_path / "contract.json"
    contract.write_text(json.dumps(CONTRACT))
    output = run(program, *arguments, "--prnt", str(contract), server.host, str(server.port))
    assert "model_version" in output
    assert "FAILURE" not in output


def test_seldons_batch_processor_gets_predictions(server: ServerSettings, tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("\n".join([json.dumps([[0.5] * 4096])] * 5) + "\n")
    run(
        "seldon-batch-processor",
        *("--deployment-name", "faces", "--namespace", "models", "--gateway-type", "seldon"),
        *("--host", server.address, "--transport", "rest", "--data-type", "data"),
        *("--payload-type", "ndarray", "--workers", "2", "--retries", "1"),
        *("--input-data-path", str(source), "--output-data-path", str(target)),
    )
    answers = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(answers) == 5
    assert all(answer["meta"]["tags"]["model_version"] == "1" for answer in answers), answers[0]
