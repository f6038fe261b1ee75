import numpy as np
import pytest

from cli.predict import check_label, describe_prediction, main
from faces.client import Prediction
from faces.errors import UserError

CLASSES = ["ada", "bob", "cleo", "[x]"]


def described(predicted: str, score: float, threshold: float | None) -> list[str]:
    prediction = Prediction(
        classes=CLASSES,
        predicted=[predicted],
        probabilities=np.array([[0.0, 0.999, 0.001, 0.0]]),
        scores=np.array([score]),
        rejection_threshold=threshold,
        version="3",
        request="r1",
    )
    return list(describe_prediction(prediction))


def test_a_known_face_shows_probabilities_and_its_score() -> None:
    identity, *candidates, score = described("bob", 2.5, 1.5)
    assert identity == "[bold]bob[/]"
    assert [line.split() for line in candidates][:2] == [["99.9%", "bob"], ["0.1%", "cleo"]]
    assert score == "  score 2.500, accepted (threshold 1.500)"


def test_an_unknown_face_shows_its_score_and_no_probability() -> None:
    identity, score, similar = described("unknown", 0.5, 1.5)
    assert identity == "[bold]unknown[/]"
    assert score == "  score 0.500, below the rejection threshold 1.500"
    assert similar.startswith("  most similar: bob, cleo, ")
    assert "%" not in score + similar


@pytest.mark.parametrize("threshold", [None, 1.5])
def test_an_image_that_is_not_a_face_is_called_so(threshold: float | None) -> None:
    assert described("unknown", 2.5, threshold)[1:] == ["  it does not resemble a face"]


def test_a_model_that_cannot_reject_says_so() -> None:
    assert "cannot reject unknown people" in described("bob", 0.5, None)[-1]


def test_a_label_that_the_model_does_not_know_must_be_a_new_person_deliberately() -> None:
    assert check_label("ada", CLASSES, new_person=False) == ""
    with pytest.raises(UserError, match=r"not know 'adda': did you mean 'ada'\? .*--new-person"):
        check_label("adda", CLASSES, new_person=False)
    assert "retraining skips it" in check_label("adda", CLASSES, new_person=True)


def test_a_new_person_needs_a_label(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["ada.png", "--new-person"])
    assert raised.value.code == 2
    assert "--new-person needs --label" in capsys.readouterr().err
