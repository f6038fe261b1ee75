"""run.py on the command line."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import run

ROOT = Path(run.__file__).parent


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"ZENML_CONFIG_PATH": str(home)}
    environment.pop("ZENML_ACTIVE_STACK_ID", None)
    return subprocess.Popen(
        [sys.executable, "run.py", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
    return run.main()


def test_help_and_list_name_pipelines_models_and_stacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch) == 2
    assert "python run.py --pipeline training" in capsys.readouterr().out
    assert main(monkeypatch, "--list") == 0
    listed = capsys.readouterr().out
    for word in ("training", "svm", "logistic", "lighting", "local", "gcp"):
        assert word in listed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pipeline", "cooking"], "unknown pipeline 'cooking': choose from batch, deployment"),
        (["--pipeline", "training", "--model", "net"], "unknown model 'net': choose from bayesian"),
        (["--pipeline", "training", "--condition", "pose"], "unknown condition 'pose': choose"),
        (["--pipeline", "training", "--condition", "yaw=up"], "unknown value of yaw 'up': choose"),
        (["--pipeline", "training", "--data", "/nowhere"], "no folder '/nowhere'"),
        (["--pipeline", "training", "--config", "/no.yaml"], "cannot read /no.yaml"),
        (["--pipeline", "deployment", "--model", "svm"], "--model is an option of --pipeline tra"),
        (["--pipeline", "training", "--summary", "/no/s.json"], "--summary /no/s.json: there is"),
    ],
)  # fmt: skip
def test_an_input_error_is_one_line_with_the_choices(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert main(monkeypatch, *arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"error: {message}")


def test_help_of_a_pipeline_lists_its_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "--help") == 0
    text = capsys.readouterr().out
    for word in ("training", "drift_detection", "predict", "--register-stacks"):
        assert word in text
    assert main(monkeypatch, "--pipeline", "traffic", "--help") == 0
    text = capsys.readouterr().out
    for word in ("--requests", "--corruption", "number of requests"):
        assert word in text
    assert "--model" not in text


def test_an_option_of_another_pipeline_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "--model", "svm") == 2
    assert "--model is an option of --pipeline training" in capsys.readouterr().err
    assert main(monkeypatch, "--pipeline", "traffic", "--colour", "red") == 2
    assert "unknown option --colour" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predit"], "unknown command 'predit': did you mean 'predict'?"),
        (["training"], "unknown command 'training': a pipeline runs with --pipeline training"),
        (["--docter"], "unknown option --docter: did you mean --doctor?"),
        (["--docter", "--stack", "local"], "unknown option --docter: did you mean --doctor?"),
        (["--stack", "local"], "nothing to do: --pipeline batch or deployment"),
    ],
)
def test_a_mistyped_command_or_option_is_corrected(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    assert main(monkeypatch, *words) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_settings_are_printed_without_running_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "--pipeline", "training", "--seed", "5", "--settings") == 0
    text = capsys.readouterr().out
    assert "drift_detector" in text
    assert "--seed" in text


def test_a_dry_run_of_a_pipeline_does_not_run_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(monkeypatch, "--pipeline", "training", "--dry-run")
    assert "--dry-run needs --register-stacks" in capsys.readouterr().err


def test_unknown_and_unready_stacks_are_reported(tmp_path: Path) -> None:
    """An unknown stack also registers the known ones, so that gcp can be selected afterwards."""
    for stack, message in (
        ("azure", "unknown stack 'azure': choose from aws, default, gcp, gcp-run, local"),
        ("gcp", "stack 'gcp' is not ready: set GCP_BUCKET"),
    ):
        process = start(tmp_path, "--pipeline", "training", "--stack", stack)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 2
        lines = [line for line in errors.splitlines() if line.strip()]
        assert lines == [line for line in lines if line.startswith(f"error: {message}")]


def test_two_runs_at_the_same_time_succeed_after_a_killed_run(tmp_path: Path) -> None:
    home, config = tmp_path / "zenml", tmp_path / "config.yaml"
    config.write_text("data: {source: synthetic, people: 12, images: 8}")
    training = ("--pipeline", "training", "--config", str(config))
    first = start(home, *training)
    assert first.stderr is not None
    for line in first.stderr:
        if "fit features" in line:
            break
    first.send_signal(signal.SIGKILL)
    first.wait()

    summaries = [tmp_path / f"{model}.json" for model in ("svm", "logistic")]
    both = [
        start(home, *training, "--profile", "--model", file.stem, "--summary", str(file))
        for file in summaries
    ]
    outputs = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    for out, err in outputs:
        assert "SYNTHETIC FACES" in out
        assert "make dashboard" in out
        page = Path(out.rpartition("profile: ")[2].strip())
        # Steps before this one may have come from the cache of another run.
        assert "plot_results" in page.read_text()
        assert "function,file,own,total" in page.with_name("functions.csv").read_text()
        for line in filter(None, map(str.strip, err.splitlines())):
            assert re.match(r"✓ [\w ]+ ([\d.]+m?s|cached)$", line), line

    results = [json.loads(file.read_text()) for file in summaries]
    assert sorted(result["model"]["version"] for result in results) == [1, 2]
    assert sorted(result["data"]["source"] for result in results) == ["synthetic"] * 2
    environment = os.environ | {"ZENML_CONFIG_PATH": str(home)}
    environment.pop("ZENML_ACTIVE_STACK_ID", None)
    code = (
        "from store.versions import *; v = production_version(); "
        "print(v.number, [load_artifact(v, n) is not None for n in ('model', 'faces', 'split')]); "
        "runs = Client().list_pipeline_runs().items; print(*sorted(r.status.value for r in runs))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert re.search(r"[12] \[True, True, True\]", process.stdout), process.stderr
    assert re.search(r"completed completed failed$", process.stdout.strip()), process.stdout
