import inspect

import pytest
import yaml

from faces.errors import UserError
from faces.models import model_builder, model_names, model_parameters
from pipelines.shared.model_settings import CONFIGS


@pytest.mark.parametrize("name", model_names())
def test_every_parameter_has_a_default_and_a_meaning(name: str) -> None:
    signature = inspect.signature(model_builder(name)).parameters
    parameters = model_parameters(name)
    assert list(parameters) == [key for key in signature if key != "seed"]
    for key, parameter in parameters.items():
        assert parameter.default == signature[key].default
        assert len(parameter.meaning.split()) > 2, key


@pytest.mark.parametrize("name", model_names())
def test_a_config_repeats_no_default(name: str) -> None:
    config = yaml.safe_load((CONFIGS / "models" / f"{name}.yaml").read_text())
    parameters = model_parameters(name)
    assert not [key for key, value in config.items() if value == parameters[key].default]


def test_the_parameters_of_an_unknown_model_are_an_error() -> None:
    with pytest.raises(UserError, match=r"unknown model 'fischer': did you mean 'fisher'\?"):
        model_parameters("fischer")
