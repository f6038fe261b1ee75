"""Changes of data sources are found, described and drawn."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scripts.data_changes import changed_faces, describe, draw
from scripts.data_comparison import Changes, Snapshot, compare

LABELS = ["ada", "ada", "bob", "bob"]
YAW = ["frontal", "left", "frontal", "right"]


def snapshot(
    labels: list[str] = LABELS, yaw: list[str] = YAW, pixels: list[float] | None = None
) -> Snapshot:
    """One grey image for each label; without `pixels`, the n-th image has its own tone."""
    tones = np.arange(len(labels)) / 10 if pixels is None else np.array(pixels)
    images = np.ones((len(labels), 64, 64), np.float32) * tones.astype(np.float32)[:, None, None]
    return Snapshot(images, np.array(labels), pd.DataFrame({"yaw": yaw}))


def without_images(yaw: list[str]) -> Snapshot:
    empty = np.empty((0, 64, 64), np.float32)
    return Snapshot(empty, np.array([""] * len(yaw)), pd.DataFrame({"yaw": yaw}))


def test_equal_snapshots_have_no_changes() -> None:
    changes = compare(snapshot(), snapshot())
    assert not changes
    assert changes == Changes([], [], [], [], [])
    assert describe(snapshot(), snapshot(), changes) == "No changes: 4 images."


def test_added_and_removed_images() -> None:
    more = snapshot([*LABELS, "eve"], [*YAW, "left"])
    added, removed = compare(snapshot(), more), compare(more, snapshot())
    assert (added.added, added.removed) == ([4], [])
    assert (removed.added, removed.removed) == ([], [4])
    text = describe(snapshot(), more, added)
    assert "Images: 1 added." in text
    assert "| people | 2 | 3 |" in text
    assert "| yaw = left | 1 | 2 |" in text
    assert "frontal" not in text, "its count is the same"


def test_a_reordered_source_has_no_changes() -> None:
    reordered = snapshot(LABELS[::-1], YAW[::-1], [0.3, 0.2, 0.1, 0.0])
    assert not compare(snapshot(), reordered)


def test_the_same_image_with_another_label_is_relabelled() -> None:
    renamed = snapshot(["ada", "bob", "bob", "bob"])
    changes = compare(snapshot(), renamed)
    assert changes.relabelled == [(1, 1)]
    assert not changes.redrawn
    assert "| 1 | bob | label | ada | bob |" in describe(snapshot(), renamed, changes)


def test_other_pixels_of_the_same_person_are_redrawn() -> None:
    redrawn = snapshot(pixels=[0.0, 0.9, 0.2, 0.3])
    changes = compare(snapshot(), redrawn)
    assert changes.redrawn == [(1, 1)]
    assert not changes.added
    assert [title for _, title in changed_faces(snapshot(), redrawn, changes)] == [
        "ada before",
        "after",
    ]


def test_changed_conditions_are_listed_by_image() -> None:
    turned = snapshot(yaw=["frontal", "right", "frontal", "right"])
    changes = compare(snapshot(), turned)
    assert changes.conditions == [(1, 1, ("yaw",))]
    assert "| 1 | ada | yaw | left | right |" in describe(snapshot(), turned, changes)
    ((_, title),) = changed_faces(snapshot(), turned, changes)
    assert title == "ada yaw: left → right"


@pytest.mark.parametrize("old", [without_images(YAW), snapshot()], ids=["neither", "one"])
def test_without_images_conditions_are_compared_by_row(old: Snapshot) -> None:
    new = without_images(["frontal", "right", "frontal", "right", "left"])
    changes = compare(old, new)
    assert changes == Changes(
        added=[4], removed=[], conditions=[(1, 1, ("yaw",))], relabelled=[], redrawn=[]
    )
    assert changed_faces(old, new, changes) == []


def test_identical_images_are_matched_once_each() -> None:
    twice = snapshot(pixels=[0.5, 0.5, 0.2, 0.3])
    once = snapshot(LABELS[1:], YAW[1:], [0.5, 0.2, 0.3])
    assert compare(twice, once).removed == [1]


def test_a_picture_shows_a_limited_number_of_faces() -> None:
    few, many = draw([(np.zeros((64, 64)), "a")]), draw([(np.zeros((64, 64)), "a")] * 100)
    heights = [Image.open(BytesIO(png)).height for png in (few, many)]
    assert heights[0] < heights[1] < 10 * heights[0]
