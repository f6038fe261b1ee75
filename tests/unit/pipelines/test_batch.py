from pathlib import Path

import pandas as pd
import pytest

from cli.settings import read_settings
from faces.errors import UserError
from pipelines.batch import BatchSettings, prepare, write_csv


def problem(**options: object) -> str:
    with pytest.raises(UserError) as error:
        read_settings("batch", options=options)
    return str(error.value)


def test_mistakes_are_reported_in_one_line_before_the_run(tmp_path: Path) -> None:
    folder, picture = str(tmp_path), tmp_path / "a.png"
    picture.touch()
    with pytest.raises(UserError, match="--data is missing: a folder with pictures"):
        prepare(BatchSettings())
    assert "did you mean 'captured'" in problem(data="capture")
    assert problem(data=str(picture)).endswith("is a file: name the folder that it is in")
    assert "name the number of a version, or production" in problem(data=folder, version="latest")
    assert "did you mean 'production'" in problem(data=folder, version="prodution")
    assert "choose from auto, faces, middle" in problem(data=folder, crop="face")
    assert "there is no folder" in problem(data=folder, csv="nowhere/x.csv")


def test_a_remote_stack_cannot_read_a_local_folder(tmp_path: Path) -> None:
    settings = read_settings("batch", options={"data": str(tmp_path)})
    with pytest.raises(UserError, match="then use --data gs://bucket/photos"):
        settings.check_data_reachable("gs://bucket/zenml")
    for source in ("gs://bucket/photos", "captured"):
        read_settings("batch", options={"data": source}).check_data_reachable("gs://bucket/zenml")


def test_spreadsheets_show_names_as_text() -> None:
    table = pd.DataFrame({"file": ["=1+1.png", "a.png"], "name": ["ada", "@x"], "score": [0.5, 1]})
    assert write_csv(table) == "file,name,score\n'=1+1.png,ada,0.5\na.png,'@x,1\n"
