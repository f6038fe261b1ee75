from pathlib import Path

import numpy as np
import pytest

from faces.data.dataset import Faces
from faces.data.enrolment import add_enrolled, check_name
from faces.errors import UserError
from faces.reports.png import grey_png


def test_enrolled_people_are_added_as_frontal_heads_and_other_images_stay_the_same(
    drawn: Faces, tmp_path: Path
) -> None:
    (tmp_path / "eve").mkdir()
    for row in range(3):
        (tmp_path / "eve" / f"{row}.png").write_bytes(grey_png(drawn.images[row]))
    faces = add_enrolled(drawn, str(tmp_path))
    assert faces.identities == sorted([*drawn.identities, "eve"])
    assert np.array_equal(faces.ids[: len(drawn)], drawn.ids)
    assert list(faces.labels[-3:]) == ["eve"] * 3
    assert set(faces.conditions["yaw"][-3:]) == {"frontal"}
    assert set(faces.conditions["lighting"][-3:]) == {"even"}
    assert faces.source == drawn.source
    assert add_enrolled(drawn, "") is drawn


def test_an_empty_folder_of_enrolled_people_is_reported(drawn: Faces, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs at least a subfolder"):
        add_enrolled(drawn, tmp_path)


@pytest.mark.parametrize("name", ["Ada", "Ada Lovelace", "Jörg-O'Neil 2", "王芳"])
def test_names_of_people_are_accepted(name: str) -> None:
    assert check_name(f" {name} ") == name


@pytest.mark.parametrize("name", ["", "..", "a/b", "-rf", ".hidden", "a\nb", "x" * 61])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="cannot be used as a name"):
        check_name(name)
