import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faces.data import sources
from faces.data.dataset import known_conditions, load_faces
from faces.errors import UserError

MODULE = """
import numpy as np
import pandas as pd

from faces.data.sources.base import DataSource, SourceUnavailable


def load(settings):
    if settings.seed == 13:
        raise SourceUnavailable("the moon is down")
    images = np.random.default_rng(settings.seed).random((6, 64, 64)).astype(np.float32)
    table = pd.DataFrame({"phase": ["full", "new"] * 3})
    return images, np.repeat(["luna", "io"], 3), table


SOURCE = DataSource(
    name="moons",
    credit="faces of moons",
    is_synthetic=True,
    load=load,
    conditions=lambda: pd.DataFrame({"phase": ["full", "new"]}),
)
"""


@pytest.fixture
def moons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A data source in a module that is added to the package of sources."""
    (tmp_path / "moons.py").write_text(MODULE)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    yield "moons"
    sys.modules.pop(f"{sources.__name__}.moons", None)
    vars(sources).pop("moons", None)


def test_a_module_adds_a_source_that_is_loaded_by_its_name(moons: str) -> None:
    faces = load_faces(moons, seed=1)
    assert faces.source == "moons"
    assert faces.identities == ["io", "luna"]
    assert list(faces.conditions["phase"]) == ["full", "new"] * 3
    assert not np.array_equal(faces.images, load_faces(moons, seed=2).images)
    assert sources.source_names() == ["auto", "moons", "olivetti", "synthetic"]
    assert sources.credit(moons) == "faces of moons"
    assert sources.is_synthetic(moons)
    conditions = known_conditions(moons)
    assert conditions is not None
    assert list(conditions["phase"]) == ["full", "new"]


def test_auto_is_the_first_source_that_is_available(
    moons: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "AUTO_ORDER", (moons, "synthetic"))
    assert load_faces("auto", people=2, images=2).source == "moons"
    assert load_faces("auto", people=2, images=2, seed=13).source == "synthetic"
    monkeypatch.setattr(sources, "AUTO_ORDER", (moons,))
    with pytest.raises(UserError, match="the moon is down"):
        load_faces("auto", seed=13)


def test_other_names_are_folders() -> None:
    assert sources.source_names() == ["auto", "olivetti", "synthetic"]
    assert known_conditions("gs://faces/people") is None
    assert sources.credit("folder") == "your own folder"
    assert not sources.is_synthetic("folder")
    assert sources.is_synthetic("synthetic")
    assert not sources.is_synthetic("olivetti")
    with pytest.raises(
        UserError,
        match=r"^no folder 'olivetty': did you mean 'olivetti'\? "
        "--data takes auto, olivetti, synthetic or a folder$",
    ):
        load_faces("olivetty")
