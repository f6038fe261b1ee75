import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.options import options_of
from cli.settings import print_settings, read_settings
from components.settings import Settings
from faces.errors import UserError
from faces.models import model_names, model_parameters
from pipelines.shared.model_settings import CONFIGS
from pipelines.shared.registry import load_pipeline, pipeline_names
from pipelines.shared.training_settings import TrainingSettings


def read(tmp_path: Path, text: str, **options: object) -> TrainingSettings:
    config = tmp_path / "training.yaml"
    config.write_text(text)
    settings = read_settings("training", config, options)
    assert isinstance(settings, TrainingSettings)
    return settings


def leaves(settings: type[Settings], prefix: str = "") -> Mapping[str, str | None]:
    """The settings of a class by their dotted names, with their descriptions."""
    found: dict[str, str | None] = {}
    for name, field in settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Settings):
            found |= leaves(kind, f"{prefix}{name}.")
        else:
            found[prefix + name] = field.description
    return found


@pytest.mark.parametrize("name", [name for name in pipeline_names() if name != "sweep"])
def test_the_config_files_set_nothing_to_its_default(name: str) -> None:
    assert read_settings(name) == read_settings(name, None, {})
    kind = load_pipeline(name).SETTINGS
    assert read_settings(name) == kind().complete("")


@pytest.mark.parametrize("name", pipeline_names())
def test_every_setting_has_a_description(name: str) -> None:
    for setting, description in leaves(load_pipeline(name).SETTINGS).items():
        assert description, setting


def test_the_command_line_overrides_the_config(tmp_path: Path) -> None:
    options = {"model": "logistic", "condition": "lighting", "data": "synthetic", "seed": 5}
    settings = read(tmp_path, "model: svm\nparams: {C: 3.0}\ndata: {people: 7}\n", **options)
    assert (settings.model, settings.condition, settings.seed) == ("logistic", "lighting", 5)
    assert (settings.data.source, settings.data.people) == ("synthetic", 7)
    assert settings.params["C"] == 10.0
    assert settings.params["seed"] == 5


def test_params_of_the_config_override_those_of_the_model(tmp_path: Path) -> None:
    settings = read(tmp_path, "params: {C: 3.0}\n")
    assert settings.params["C"] == 3.0
    assert settings.params["components"] == 60


def test_the_models_config_overrides_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.shared.model_settings.CONFIGS", tmp_path)
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


def test_a_detector_can_be_selected(tmp_path: Path) -> None:
    assert read(tmp_path, "").drift_detector == "moments"
    assert read(tmp_path, "drift_detector: mmd").drift_detector == "mmd"
    assert read(tmp_path, "", detector="mmd").drift_detector == "mmd"
    with pytest.raises(UserError, match=r"unknown drift detector 'mdm': .*mmd, moments"):
        read(tmp_path, "drift_detector: mdm")


@pytest.mark.parametrize("name", model_names())
def test_every_parameter_of_a_model_has_a_description(name: str) -> None:
    parameters = model_parameters(name)
    for parameter, description in parameters.items():
        assert description.meaning, parameter


def test_every_model_config_belongs_to_a_model() -> None:
    assert {file.stem for file in (CONFIGS / "models").glob("*.yaml")} <= set(model_names())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sede: 3",
            r"training\.yaml: unknown key 'sede': did you mean 'seed'\? choose from condition, ",
        ),
        ("people: 7", r"training\.yaml: unknown key 'people': did you mean 'data\.people'\?$"),
        (
            "data: synthetic",
            r"training\.yaml: data: expected the keys crop, enrolled, images, people, seed, ",
        ),
        ("seed: three", r"training\.yaml: seed: .*integer, not 'three'"),
        ("seed: true", r"training\.yaml: seed: .*integer"),
        (
            "gate: {tolerances: {baseline: 7}}",
            r"training\.yaml: gate\.tolerances\.baseline: .*not 7",
        ),
        (
            "gate: {tolerances: {other: 0.1}}",
            r"unknown key in gate\.tolerances 'other': choose from baseline, drifted$",
        ),
        (
            "gate: {tolerance: 1}",
            r"unknown key in gate 'tolerance': did you mean 'tolerances'\? choose from minimum_",
        ),
        ("test_share: 1.0", r"training\.yaml: test_share"),
        ("params: {components: many}", r"training\.yaml: params\.components"),
        (
            "params: {componets: 3}",  # codespell:ignore componets
            r"training\.yaml: unknown key in params 'componets': did you mean 'components'\?",
        ),
        ("model: net", r"unknown model 'net': .*choose from bayesian, eigenfaces"),
        ("condition: pose", r"unknown condition 'pose': .*choose from expression, eyes"),
        ("condition: yaw=up", r"unknown value of yaw 'up': .*choose from frontal, left, right"),
        ("data: {source: nowhere}", "no folder 'nowhere'"),
        ("data: {source: olivetti_}", "no folder 'olivetti_': did you mean 'olivetti'"),
        ("- a list", "expected keys and values, found a list"),
        ("a: b: c", "is not YAML"),
    ],
)
def test_an_error_names_file_and_key_or_the_choices(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(UserError, match=message) as raised:
        read(tmp_path, text)
    assert "\n" not in str(raised.value)


def test_an_error_in_the_search_space_names_its_location(tmp_path: Path) -> None:
    config = tmp_path / "sweep.yaml"
    config.write_text("spaces: {svm: {c: [1.0]}}")
    with pytest.raises(
        UserError, match=r"sweep\.yaml: unknown key in spaces\.svm 'c': choose from "
    ):
        read_settings("sweep", config)


def test_a_misspelt_choice_is_answered_with_the_nearest_and_all(tmp_path: Path) -> None:
    config = tmp_path / "drift.yaml"
    config.write_text("approval: quarantine")
    with pytest.raises(
        UserError,
        match=r"drift\.yaml: unknown approval 'quarantine': did you mean 'quarantined'\? "
        "choose from always, never, quarantined",
    ):
        read_settings("drift_detection", config, {})


def test_an_invalid_option_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--seed: .*greater than or equal to 0, not -1$"):
        read(tmp_path, "seed: 3", seed=-1)


def test_unknown_pipelines_and_missing_files_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"unknown pipeline 'cooking': .*deployment, drift"):
        read_settings("cooking")
    with pytest.raises(UserError, match=r"cannot read .*missing\.yaml"):
        read_settings("training", tmp_path / "missing.yaml")


def test_a_condition_is_checked_against_a_folder_before_the_run(
    tmp_path: Path, people_folder: Path
) -> None:
    people = tmp_path / "people"
    shutil.copytree(people_folder, people)
    read(tmp_path, "", data=str(people), condition="yaw=frontal")
    table = people / "conditions.csv"
    table.write_text(table.read_text().replace("yaw", "pose"))
    read(tmp_path, "", data=str(people))
    for text, options in (("", {"condition": "yaw=frontal"}), ("condition: yaw=frontal", {})):
        with pytest.raises(UserError, match=r"unknown condition 'yaw': .*choose from pose$"):
            read(tmp_path, text, data=str(people), **options)
    table.unlink()
    read(tmp_path, "", data=str(people))
    read(tmp_path, "", data=str(people), condition="")
    with pytest.raises(UserError, match=r"these faces have no conditions \(conditions\.csv\)"):
        read(tmp_path, "", data=str(people), condition="yaw=frontal")


def test_a_local_folder_is_rejected_if_steps_run_elsewhere(people_folder: Path) -> None:
    store = "gs://faces/zenml"
    advice = r"local folder: gcloud storage cp -r /.*/\* gs://faces/people/, then use --data g"
    for pipeline in ("training", "sweep"):
        with pytest.raises(UserError, match=advice):
            read_settings(pipeline, None, {"data": str(people_folder)}).check_data_reachable(store)
        for source in ("auto", "olivetti", "synthetic", "gs://faces/people"):
            read_settings(pipeline, None, {"data": source}).check_data_reachable(store)
    read_settings("traffic").check_data_reachable(store)


def test_all_settings_are_printed_with_their_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    config = tmp_path / "mine.yaml"
    config.write_text("params: {C: 3.0}\ntest_share: 0.5\n")
    options: dict[str, object] = {"seed": 5}
    settings = read_settings("training", config, options)
    print_settings("training", settings, config, options)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert set(leaves(TrainingSettings)) - {"params"} <= set(lines)
    assert re.search(r"seed +5 +--seed +seed of the split", lines["seed"])
    assert re.search(r"0\.5 +.*mine\.yaml", lines["test_share"])
    assert re.search(r"3\.0 +.*mine\.yaml", lines["params.C"])
    assert re.search(r"60 +default +\w+", lines["params.components"])
    assert re.search(r"'auto' +default", lines["condition"])


def test_options_are_unique_and_named_like_their_settings() -> None:
    for name in pipeline_names():
        options = list(options_of(load_pipeline(name).SETTINGS))
        assert len({option.flag for option in options}) == len(options)
    flags = {option.flag: option.path for option in options_of(TrainingSettings)}
    assert flags["data"] == ("data", "source")
    assert flags["model"] == ("model",)
