from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from faces.data.dataset import Faces
from faces.data.split import Split, split_by_condition


@pytest.fixture(scope="module")
def materializers(zenml_home: Path):
    from stacks.databases import create_zenml_database
    from store import materializers

    create_zenml_database()
    return materializers


@pytest.fixture
def folder(materializers, request: pytest.FixtureRequest) -> Path:
    """A folder inside the artifact store: materializers may write nowhere else."""
    from zenml.client import Client

    folder = Path(Client().active_stack.artifact_store.path) / request.node.name
    folder.mkdir()
    return folder


def test_faces_come_back_as_they_were(materializers, drawn: Faces, folder: Path) -> None:
    materializer = materializers.FacesMaterializer(str(folder))
    materializer.save(drawn)
    back = materializer.load(Faces)
    assert back.version == drawn.version
    assert back.source == drawn.source
    assert isinstance(back.images, np.memmap)
    assert materializer.compute_content_hash(back) == materializer.compute_content_hash(drawn)
    assert materializer.extract_metadata(back)["subjects"] == 12


def test_origins_come_back_as_they_were(materializers, drawn: Faces, folder: Path) -> None:
    origins = np.array(["", "window 1", "window 2"] * (len(drawn) // 3))
    faces = Faces(drawn.images, drawn.labels, drawn.conditions, drawn.source, origins)
    materializer = materializers.FacesMaterializer(str(folder))
    materializer.save(faces)
    back = materializer.load(Faces)
    assert list(back.origins) == list(origins)
    assert back.version == faces.version


def test_faces_without_conditions_or_with_one_called_person(
    materializers, drawn: Faces, folder: Path
) -> None:
    rows = range(len(drawn))
    for number, table in enumerate(
        (pd.DataFrame(index=rows), pd.DataFrame({"person": ["x"] * len(drawn)}))
    ):
        place = folder / str(number)
        place.mkdir()
        materializer = materializers.FacesMaterializer(str(place))
        faces = Faces(drawn.images, drawn.labels, table, "folder")
        materializer.save(faces)
        back = materializer.load(Faces)
        assert back.version == faces.version
        assert list(back.conditions.columns) == list(table.columns)


def test_a_split_comes_back_as_it_was(materializers, drawn: Faces, folder: Path) -> None:
    split = split_by_condition(drawn, {"yaw": ("frontal",)})
    materializer = materializers.SplitMaterializer(str(folder))
    materializer.save(split)
    back = materializer.load(Split)
    for part in ("train", "test", "drifted"):
        assert np.array_equal(getattr(back, part), getattr(split, part))
    assert (back.left_out, back.condition) == (split.left_out, split.condition)
    assert materializer.extract_metadata(back)["train"] == len(split.train)


def test_pictures_are_shown_from_their_own_files(materializers, folder: Path) -> None:
    def png(size: tuple[int, int]) -> bytes:
        file = BytesIO()
        Image.new("RGB", size, "red").save(file, "png")
        return file.getvalue()

    pictures = materializers.Pictures(a=png((30, 10)), b=png((20, 5)))
    materializer = materializers.PicturesMaterializer(str(folder))
    materializer.save(pictures)
    everything, *single = map(Path, materializer.save_visualizations(pictures))
    assert [file.read_bytes() for file in single] == [pictures["a"], pictures["b"]]
    assert Image.open(everything).size == (30, 15)
    assert materializer.load(materializers.Pictures) == pictures
