from dataclasses import replace

import numpy as np
import pytest

from faces.data.dataset import Faces
from faces.drift.person_images import MAX_IMAGES, MeasuredFaces, PersonImages
from faces.drift.result import MonitorResult
from faces.drift.sequential_monitor import SequentialMonitor


@pytest.fixture(scope="module")
def parts(people: Faces, frontal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of frontal heads to train on, and of others."""
    position = np.concatenate(
        [np.arange((people.labels[frontal] == name).sum()) for name in people.identities]
    )
    return frontal[position % 2 == 0], frontal[position % 2 == 1]


@pytest.fixture(scope="module")
def fresh(people: Faces, parts: tuple[np.ndarray, np.ndarray]) -> SequentialMonitor:
    rows = parts[0]
    images = np.asarray(people.images[rows])
    return SequentialMonitor.fit(images, people.labels[rows], np.full(len(rows), ""))


def watch(monitor: SequentialMonitor, faces: Faces, rows: np.ndarray) -> SequentialMonitor:
    times = np.arange(1, len(rows) + 1) + monitor.until
    return monitor.update(np.asarray(faces.images[rows]), faces.labels[rows], times)


def found(monitor: SequentialMonitor) -> MonitorResult:
    return monitor.result(0.01, "", 1)


def test_turned_heads_raise_an_alarm_and_other_frontal_heads_do_not(
    fresh: SequentialMonitor,
    people: Faces,
    parts: tuple[np.ndarray, np.ndarray],
    turned: np.ndarray,
) -> None:
    rng = np.random.default_rng(0)
    usual = watch(fresh, people, rng.permutation(parts[1]))
    assert not found(usual).alarm
    assert found(usual).compared == len(parts[1])
    assert found(watch(fresh, people, rng.permutation(turned)[:25])).alarm


def test_the_alarm_stays_until_the_next_deployment(
    fresh: SequentialMonitor,
    people: Faces,
    parts: tuple[np.ndarray, np.ndarray],
    turned: np.ndarray,
) -> None:
    alarmed = watch(fresh, people, turned)
    later = watch(alarmed, people, parts[1])
    assert found(later).alarm
    assert found(later).peak >= found(alarmed).peak


def test_near_duplicates_and_repeated_images_count_once(
    fresh: SequentialMonitor, people: Faces, parts: tuple[np.ndarray, np.ndarray]
) -> None:
    rng, rows = np.random.default_rng(0), parts[1][:30]
    once = watch(fresh, people, rows)
    frames = np.repeat(np.asarray(people.images[rows]), 5, axis=0)
    frames = frames * rng.uniform(0.998, 1.002, (len(frames), 1, 1))
    times = np.arange(1, len(frames) + 1)
    burst = fresh.update(frames, np.repeat(people.labels[rows], 5), times)
    assert found(burst).faces == 150
    assert found(burst).compared == found(once).compared == 30
    assert found(burst).peak == pytest.approx(found(once).peak, rel=0.5)


def test_unknown_people_are_not_compared(
    fresh: SequentialMonitor, people: Faces, turned: np.ndarray
) -> None:
    images, times = np.asarray(people.images[turned]), np.arange(len(turned))
    monitor = fresh.update(images, np.full(len(turned), "unknown"), times)
    assert (found(monitor).faces, found(monitor).compared) == (len(turned), 0)
    assert found(monitor).evidence == 1


def test_faces_count_the_same_in_one_run_or_in_several(
    fresh: SequentialMonitor, people: Faces, turned: np.ndarray
) -> None:
    rows = turned[:20]
    once = watch(fresh, people, rows)
    stored = SequentialMonitor.from_arrays(watch(fresh, people, rows[:7]).to_arrays())
    twice = SequentialMonitor.from_arrays(watch(stored, people, rows[7:]).to_arrays())
    assert found(twice) == found(once)
    assert twice.until == once.until
    assert watch(twice, people, rows[:0]) is twice


def test_faces_like_those_of_a_window_that_was_added_raise_no_alarm(
    people: Faces, parts: tuple[np.ndarray, np.ndarray], turned: np.ndarray
) -> None:
    rng = np.random.default_rng(0)
    turned = rng.permutation(turned)
    added, others = turned[:40], turned[40:]
    rows = np.r_[parts[0], added]
    groups = np.where(np.isin(rows, added), "window 1", "")
    monitor = SequentialMonitor.fit(np.asarray(people.images[rows]), people.labels[rows], groups)
    mixed = rng.permutation(np.r_[others, parts[1]])
    assert not found(watch(monitor, people, mixed)).alarm
    noisy = np.asarray(people.images[mixed]) + rng.normal(0, 0.05, (len(mixed), 64, 64))
    noisy_faces = replace(people[mixed], images=np.clip(noisy, 0, 1).astype(np.float32))
    assert found(watch(monitor, noisy_faces, np.arange(25))).alarm
    back = SequentialMonitor.from_arrays(monitor.to_arrays())
    assert found(watch(back, people, mixed)) == found(watch(monitor, people, mixed))


def test_expired_faces_are_dropped_and_the_evidence_stays(
    fresh: SequentialMonitor, people: Faces, turned: np.ndarray
) -> None:
    monitor = watch(fresh, people, turned)
    dropped = monitor.without_faces_before(monitor.until + 1)
    assert found(dropped) == found(monitor)
    assert len(dropped.to_arrays()["rows"]) == len(fresh.to_arrays()["rows"])


def test_the_images_of_a_person_are_limited() -> None:
    size = (MAX_IMAGES, 2)
    own = PersonImages(
        np.zeros(size), np.zeros(size, np.float32), np.r_[0, np.arange(1, MAX_IMAGES)]
    )
    different = MeasuredFaces(np.ones((2, 2)), np.eye(2, dtype=np.float32))
    more, added, ranks = own.extend(different, np.array([998, 999]))
    assert added == [0, 1]
    assert [rank.of for rank in ranks] == [MAX_IMAGES + 1, MAX_IMAGES + 1]
    assert len(more.rows) == MAX_IMAGES
    assert more.times[[0, 1, -1]].tolist() == [0, 3, 999], "training images are kept"


def test_ranks_are_those_of_one_face_after_the_other() -> None:
    rng = np.random.default_rng(0)
    rows, thumbnails = rng.normal(size=(30, 3)), np.eye(30, dtype=np.float32)
    thumbnails[[9, 20]] = thumbnails[[2, 12]]
    own = PersonImages(rows[:6], thumbnails[:6], np.zeros(6, np.int64))
    _, added, ranks = own.extend(MeasuredFaces(rows[6:], thumbnails[6:]), np.arange(1, 25))
    before, above = rows[:6], []
    for face in np.delete(np.arange(6, 30), [3, 14]):
        before = np.concatenate([before, rows[face : face + 1]])
        distances = np.linalg.norm(before - before.mean(axis=0), axis=1)
        above.append(int((distances > distances[-1]).sum()))
    assert added == [n for n in range(24) if n not in (3, 14)], "two are near-duplicates"
    assert [rank.above for rank in ranks] == above
    assert [rank.of for rank in ranks] == list(range(7, 29))
