import pytest

from faces.errors import UserError, require_choice


def test_a_choice_is_returned() -> None:
    assert require_choice("model", "svm", ["svm", "mlp"]) == "svm"


@pytest.mark.parametrize(
    ("value", "choices", "message"),
    [
        (
            "fischer",
            ["svm", "fisher"],
            "unknown model 'fischer': did you mean 'fisher'? choose from fisher, svm",
        ),
        ("net", ["svm", "fisher"], "unknown model 'net': choose from fisher, svm"),
        ("net", [], "unknown model 'net': choose from (none)"),
    ],
)
def test_a_misspelt_choice_is_corrected(value: str, choices: list[str], message: str) -> None:
    with pytest.raises(UserError) as error:
        require_choice("model", value, choices)
    assert str(error.value) == message
