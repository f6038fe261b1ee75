import argparse
from typing import Any

import pytest

from cli import main as command_line
from cli.overrides import is_override, read_overrides
from cli.settings import print_settings, read_settings
from faces.errors import UserError
from pipelines.shared.training_settings import TrainingSettings
from pipelines.sweep import SweepSettings


def settings(*words: str, **options: object) -> TrainingSettings:
    (overrides,) = read_overrides(words, TrainingSettings)
    read = read_settings("training", None, options, overrides)
    assert isinstance(read, TrainingSettings)
    return read


def test_overrides_change_settings_of_any_depth() -> None:
    read = settings("model=fisher", "gate.minimum_images=10", "test_share=0.3", "data.people=7")
    assert (read.model, read.gate.minimum_images, read.test_share) == ("fisher", 10, 0.3)
    assert read.data.people == 7
    assert settings("gate.tolerances.baseline=1e-3").gate.tolerances.baseline == 0.001


def test_text_is_kept_as_it_is_written() -> None:
    read = settings("condition=yaw=frontal,glasses=no", "data.source=version:12345678")
    assert read.condition == "yaw=frontal,glasses=no"
    assert read.data.source == "version:12345678"
    assert settings("condition=").condition == ""


def test_parameters_are_those_of_the_model_on_the_command_line() -> None:
    assert settings("params.C=3.0").params["C"] == 3.0
    read = settings("model=logistic", "params.C=2.5")
    assert read.params["C"] == 2.5
    (overrides,) = read_overrides(["spaces.svm.C=[1.0, 2.0]"], SweepSettings)
    assert overrides == {"spaces.svm.C": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("gate.minimum_image=10", r"unknown setting 'gate\.minimum_image': did you mean 'gate\.m"),
        ("split.test_share=0.3", r"did you mean 'test_share'\? --settings lists all"),
        ("people=7", r"did you mean 'data\.people'\?"),
        ("gate=10", r"gate is a section: set one of gate\.tolerances\.baseline, "),
        ("seed.x=10", r"unknown setting 'seed\.x'"),
        ("seed=ten", r"^seed=: .*integer.*, not 'ten'$"),
        ("seed=1,2", r"^seed=: .*, not '1,2'$"),
        ("model=fischer", r"unknown model 'fischer': did you mean 'fisher'\?"),
        ("params.component=3", r"^command line: .*did you mean 'components'\?"),
        ("seed=[", r"\[ is neither text, a number nor a list"),
    ],
)
def test_errors_name_the_nearest_key_or_the_value(word: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        settings(word)
    assert "\n" not in str(raised.value)


def test_a_setting_is_set_once() -> None:
    with pytest.raises(UserError, match="seed=2: seed is set twice"):
        settings("seed=1", "seed=2")
    with pytest.raises(UserError, match=r"--data and data\.source= set the same"):
        settings("data.source=olivetti", data="synthetic")


def test_a_multirun_is_every_combination_of_the_values() -> None:
    words = ["seed=1,2", "model=svm,fisher", "condition='yaw=frontal,glasses=no',lighting=even"]
    runs = read_overrides(words, TrainingSettings, multirun=True)
    assert len(runs) == 8
    assert runs[0] == {"seed": 1, "model": "svm", "condition": "yaw=frontal,glasses=no"}
    assert runs[-1] == {"seed": 2, "model": "fisher", "condition": "lighting=even"}
    assert read_overrides([], TrainingSettings, multirun=True) == [{}]


def test_only_words_of_the_form_key_value_are_overrides() -> None:
    assert is_override("gate.minimum_images=10")
    assert not any(map(is_override, ["--seed=1", "seed", "=1", "1=2"]))


def test_overridden_settings_are_printed_with_their_source(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    words = ["seed=5", "params.C=3.0"]
    (overrides,) = read_overrides(words, TrainingSettings)
    print_settings("training", settings(*words), None, {}, overrides)
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line}
    assert lines["seed"][1:3] == ["5", "seed="]
    assert lines["params.C"][1:3] == ["3.0", "params.C="]


def test_the_command_line_runs_each_combination(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[Any] = []

    def record(name: str, runs: list[Any], args: argparse.Namespace, _: object) -> None:
        started.append((name, [settings.seed for _, settings in runs], args.multirun))

    monkeypatch.setattr("cli.combinations.run_each", record)
    assert command_line.main(["--pipeline", "training", "--multirun", "seed=1,2,3"]) == 0
    assert command_line.main(["seed=4", "--pipeline", "training"]) == 0
    assert started == [("training", [1, 2, 3], True), ("training", [4], False)]
    assert command_line.main(["--pipeline", "training", "--multirun", "--settings"]) == 2
    assert command_line.main(["--pipeline", "training", "--multirun", "seed=1,x"]) == 2
    assert "seed=: " in capsys.readouterr().err
