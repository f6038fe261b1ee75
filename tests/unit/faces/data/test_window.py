import numpy as np
import pytest

from faces.data.window import Window, concatenate, count_repeats, last_occurrences, late_labels


def images(*shades: float) -> np.ndarray:
    return np.stack([np.full((64, 64), shade, np.float32) for shade in shades])


def test_the_last_occurrence_of_each_image_counts() -> None:
    assert last_occurrences(images(0.1, 0.2, 0.1, 0.3, 0.2)).tolist() == [2, 3, 4]
    assert last_occurrences(images(0.1)[:0]).tolist() == []
    assert count_repeats(images(0.1, 0.2, 0.1, 0.3, 0.2)).tolist() == [2, 2, 2, 1, 2]
    assert count_repeats(images(0.1)[:0]).tolist() == []


def test_rows_are_selected_by_number_or_mask_and_windows_are_concatenated() -> None:
    window = Window(
        images=images(0.1, 0.2, 0.3),
        predicted=np.array(["ada", "unknown", "bob"]),
        labels=np.array(["ada", "", "cleo"]),
        confidence=np.array([0.9, 0.4, 0.6]),
        versions=np.array(["1", "1", "2"]),
        times=np.array([10, 20, 30]),
        senders=np.array(["eve", "", ""]),
        label_times=np.array([11, 0, 31]),
        repeats=np.array([1, 5, 2]),
        damaged=2,
        unmatched_feedback=3,
    )
    both = concatenate([window[np.array([2])], window[np.array([0, 1])]])
    assert both.labels.tolist() == ["cleo", "ada", ""]
    assert both.label_times.tolist() == [31, 11, 0]
    assert both.images[:, 0, 0].round(1).tolist() == pytest.approx([0.3, 0.1, 0.2])
    assert len(window) == 3
    assert window.labelled.tolist() == [True, False, True]
    for part in (window[window.labelled], window[np.array([0, 2])]):
        assert part.predicted.tolist() == ["ada", "bob"]
        assert part.labels.tolist() == ["ada", "cleo"]
        assert part.confidence.tolist() == [0.9, 0.6]
        assert part.versions.tolist() == ["1", "2"]
        assert part.times.tolist() == [10, 30]
        assert part.senders.tolist() == ["eve", ""]
        assert part.label_times.tolist() == [11, 31]
        assert part.repeats.tolist() == [1, 2]
        assert np.array_equal(part.images, images(0.1, 0.3))
        assert (part.damaged, part.unmatched_feedback) == (2, 3)


@pytest.mark.parametrize(
    ("time", "label_time", "is_late"),
    [
        (10, 12, False),  # seen by the first decision
        (10, 16, True),
        (20, 16, False),  # the window of the second decision had it
        (20, 26, True),
        (20, 0, False),  # no label
        (30, 99, False),  # in no window yet
    ],
)
def test_labels_are_late_if_the_decision_has_not_seen_them(
    time: int, label_time: int, is_late: bool
) -> None:
    window = Window(
        images=images(0.1),
        predicted=np.array(["ada"]),
        labels=np.array(["ada" if label_time else ""]),
        confidence=np.array([0.9]),
        versions=np.array(["1"]),
        times=np.array([time]),
        label_times=np.array([label_time]),
    )
    assert late_labels(window, [(10, 15), (20, 25)]).tolist() == [is_late]
    assert late_labels(window, []).tolist() == [False]
