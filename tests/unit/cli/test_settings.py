from pathlib import Path

import pytest

from cli.settings import CONFIGS, check_data_reachable, read_settings
from faces.errors import UserError
from faces.models import model_names
from pipelines.schemas import PIPELINES


def read(tmp_path: Path, text: str, **given: object):
    config = tmp_path / "training.yaml"
    config.write_text(text)
    return read_settings("training", config, given)


@pytest.mark.parametrize("name", [name for name in PIPELINES if name not in ("training", "sweep")])
def test_every_config_says_what_is_the_default(name: str) -> None:
    assert read_settings(name, None, {}) == PIPELINES[name]()


def test_the_default_config_is_the_default(tmp_path: Path) -> None:
    assert read_settings("training", None, {}) == read(tmp_path, "")


def test_the_command_line_wins(tmp_path: Path) -> None:
    given = {"model": "logistic", "condition": "lighting", "data": "synthetic", "seed": 5}
    settings = read(tmp_path, "model: svm\nparams: {C: 3.0}\ndata: {people: 7}\n", **given)
    assert (settings.model, settings.condition, settings.seed) == ("logistic", "lighting", 5)
    assert (settings.data.source, settings.data.people) == ("synthetic", 7)
    assert settings.params["C"] == 10.0
    assert settings.params["seed"] == 5


def test_params_of_the_config_go_over_those_of_the_model(tmp_path: Path) -> None:
    settings = read(tmp_path, "params: {C: 3.0}\n")
    assert settings.params["C"] == 3.0
    assert settings.params["components"] == 60


def test_the_models_own_config_goes_over_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.settings.CONFIGS", tmp_path)
    (tmp_path / "models").mkdir()
    model_file = tmp_path / "models" / "svm.yaml"
    model_file.write_text("C: 3.0\nwhiten: false\n")
    settings = read(tmp_path, "params: {whiten: true}\n")
    assert settings.params == {
        "components": 60,
        "whiten": True,
        "C": 3.0,
        "calibration_folds": 2,
        "seed": 11,
    }
    model_file.write_text("# nothing differs\n")
    assert read(tmp_path, "").params["C"] == 1.0
    model_file.write_text("C: strong\n")
    with pytest.raises(UserError, match=r"svm\.yaml: C: .*not 'strong'"):
        read(tmp_path, "")


def test_every_model_has_a_config() -> None:
    assert sorted(file.stem for file in (CONFIGS / "models").glob("*.yaml")) == model_names()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sede: 3", r"training\.yaml: sede: unknown key"),
        ("seed: three", r"training\.yaml: seed: .*integer, not 'three'"),
        ("seed: true", r"training\.yaml: seed: .*integer"),
        (
            "gate: {tolerances: {baseline: 7}}",
            r"training\.yaml: gate\.tolerances\.baseline: .*not 7",
        ),
        (
            "gate: {tolerances: {other: 0.1}}",
            r"training\.yaml: gate\.tolerances\.other: unknown key",
        ),
        ("gate: {tolerance: 1}", r"training\.yaml: gate\.tolerance: unknown key"),
        ("test_share: 1.0", r"training\.yaml: test_share"),
        ("params: {components: many}", r"training\.yaml: params\.components"),
        ("params: {depth: 3}", r"training\.yaml: params\.depth: unknown key"),
        ("model: net", "unknown model 'net': choose from bayesian, eigenfaces"),
        ("condition: pose", "unknown condition 'pose': choose from expression, eyes"),
        ("condition: yaw=up", "unknown value of yaw 'up': choose from frontal, left, right"),
        ("data: {source: nowhere}", "no folder 'nowhere'"),
        ("- a list", "expected keys and values, found a list"),
        ("a: b: c", "is not YAML"),
    ],
)
def test_a_mistake_names_file_and_key_or_the_choices(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(UserError, match=message) as told:
        read(tmp_path, text)
    assert "\n" not in str(told.value)


def test_the_option_is_blamed_for_what_it_gave(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--seed: .*greater than or equal to 0, not -1$"):
        read(tmp_path, "seed: 3", seed=-1)


def test_unknown_pipelines_and_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="unknown pipeline 'cooking': choose from deployment, drift"
    ):
        read_settings("cooking", None, {})
    with pytest.raises(UserError, match=r"cannot read .*missing\.yaml"):
        read_settings("training", tmp_path / "missing.yaml", {})


def test_a_folder_without_conditions_is_all_baseline_unless_asked(
    tmp_path: Path, people_folder: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    assert read(tmp_path, "", data=str(bare)).condition == ""
    with pytest.raises(UserError, match=r"there is no .*conditions\.csv"):
        read(tmp_path, "", data=str(bare), condition="yaw")
    assert read(tmp_path, "", data=str(bare), condition="").condition == ""
    assert read(tmp_path, "", data=str(people_folder)).condition == "yaw=frontal"


def test_a_folder_of_this_machine_is_not_for_others(tmp_path: Path) -> None:
    store = "gs://faces/zenml"
    told = r"cannot see that folder: gcloud storage cp -r /.*/\* gs://faces/people/ and --data gs:"
    for pipeline in ("training", "sweep"):
        with pytest.raises(UserError, match=told):
            check_data_reachable(read_settings(pipeline, None, {"data": str(tmp_path)}), store)
        for source in ("auto", "olivetti", "synthetic", "gs://faces/people"):
            check_data_reachable(read_settings(pipeline, None, {"data": source}), store)
    check_data_reachable(read_settings("traffic", None, {}), store)
