import numpy as np
import pandas as pd
import pytest

from faces.data.dataset import Faces, load_faces
from faces.data.sources import olivetti, synthetic
from faces.data.sources.base import SourceUnavailable
from faces.errors import UserError
from tests.conftest import needs_real_faces


def test_faces_are_float32_images_between_0_and_1(drawn: Faces) -> None:
    assert drawn.images.dtype == np.float32
    assert drawn.images.shape == (96, 64, 64)
    assert drawn.images.min() >= 0
    assert drawn.images.max() <= 1
    assert drawn.pixels.shape == (96, 4096)
    assert len(drawn.identities) == 12
    assert len(drawn.conditions) == 96


def test_the_version_depends_on_the_content(drawn: Faces) -> None:
    again = load_faces("synthetic", people=12, images=8)
    brighter = Faces(drawn.images * 0.999, drawn.labels, drawn.conditions, "synthetic")
    renamed = Faces(drawn.images, np.char.add(drawn.labels, "x"), drawn.conditions, "synthetic")
    relabelled = Faces(drawn.images, drawn.labels, drawn.conditions.assign(yaw="left"), "synthetic")
    assert again.version == drawn.version
    added = Faces(
        drawn.images, drawn.labels, drawn.conditions, "synthetic", np.full(len(drawn), "window 1")
    )
    assert len({f.version for f in (drawn, brighter, renamed, relabelled, added)}) == 5


def test_images_from_the_source_have_no_origin(drawn: Faces) -> None:
    assert list(drawn.origins) == [""] * len(drawn)
    origins = np.array(["", "window 1"] * (len(drawn) // 2))
    faces = Faces(drawn.images, drawn.labels, drawn.conditions, "synthetic", origins)
    assert list(faces[[1, 2, 3]].origins) == ["window 1", "", "window 1"]


def test_equal_pixels_have_equal_ids(drawn: Faces) -> None:
    some = drawn[[5, 3, 5]]
    assert list(some.ids) == [drawn.ids[5], drawn.ids[3], drawn.ids[5]]
    assert len(set(drawn.ids)) == len(drawn)


@needs_real_faces
def test_olivetti_is_loaded_with_the_projects_conditions(real: Faces) -> None:
    assert real.images.shape == (400, 64, 64)
    assert real.identities[0] == "s01"
    assert real.identities[-1] == "s40"
    counts = {name: dict(real.conditions[name].value_counts()) for name in real.conditions}
    assert counts["yaw"] == {"frontal": 309, "left": 56, "right": 35}
    assert counts["glasses"] == {"no": 281, "yes": 119}
    assert counts["lighting"] == {"even": 359, "left": 21, "right": 12, "dark": 8}
    assert load_faces("auto").source == "olivetti"


def test_auto_generates_faces_if_olivetti_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable() -> None:
        raise SourceUnavailable("no network here")

    monkeypatch.setattr(olivetti, "fetch_faces", unavailable)
    faces = load_faces("auto", people=3, images=2)
    assert faces.source == "synthetic"
    assert len(faces) == 6
    with pytest.raises(UserError, match="no network here"):
        load_faces("olivetti")


def test_invalid_images_of_a_source_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame({"yaw": ["frontal"]})
    for image in (np.full((1, 64, 64), 2.0), np.full((1, 64, 64), np.nan), np.zeros((1, 32, 32))):
        raw = (image.astype(np.float32), np.array(["a"]), table)
        monkeypatch.setattr(synthetic, "generate_faces", lambda *_, raw=raw: raw)
        with pytest.raises(UserError, match="synthetic"):
            load_faces("synthetic")
