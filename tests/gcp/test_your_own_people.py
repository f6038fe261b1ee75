"""Training on a folder of people, apart: a model of other people goes into production."""

from pathlib import Path

import pytest

from faces.errors import UserError
from tests.gcp.cloud import BUCKET
from tests.gcp.conftest import Run


def test_your_own_people_are_loaded_from_a_bucket(run: Run, people_folder: Path) -> None:
    """With empty objects for folders, as the console creates them."""
    from google.cloud import storage

    with pytest.raises(UserError, match=f"cannot read a local folder: .* gs://{BUCKET}/people/"):
        run("training", data=str(people_folder))
    bucket = storage.Client().bucket(BUCKET)
    for file in people_folder.rglob("*"):
        name = f"people/{file.relative_to(people_folder)}"
        if file.is_dir():
            bucket.blob(f"{name}/").upload_from_string(b"")
        else:
            bucket.blob(name).upload_from_filename(file)
    there = run("training", data=f"gs://{BUCKET}/people")
    here = run("training", stack="local", data=str(people_folder))
    assert there["data"].pop("requested") != here["data"].pop("requested")
    assert there["data"] == here["data"]
    assert there["metrics"] == pytest.approx(here["metrics"])
