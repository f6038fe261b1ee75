import numpy as np
import pytest

from faces.data.corruptions import CORRUPTIONS, corrupt
from faces.data.dataset import Faces
from faces.drift import DriftVerdict
from faces.drift.capture_features import NAMES
from faces.drift.detector import Detector
from faces.drift.detectors import detector_class, detector_names, fit_detector
from faces.drift.detectors.moments import DriftDetector
from faces.drift.identity_centering import design_effect
from faces.drift.ks import ks_columns
from faces.errors import UserError
from tests.conftest import needs_real_faces

GROUP = "window 1"


@pytest.fixture(scope="module", params=detector_names())
def detector(request: pytest.FixtureRequest, people: Faces, frontal: np.ndarray) -> Detector:
    rows = frontal[::2]
    return fit_detector(request.param, people.images[rows], people.labels[rows])


@pytest.fixture(scope="module")
def default(people: Faces, frontal: np.ndarray) -> DriftDetector:
    rows = frontal[::2]
    return DriftDetector.fit(people.images[rows], people.labels[rows])


def sample(rows: np.ndarray, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).permutation(rows)[:size]


def test_detectors_are_found_by_name() -> None:
    assert detector_names() == ["mmd", "moments"]
    assert detector_class("moments") is DriftDetector
    assert [detector_class(name).name for name in detector_names()] == detector_names()
    with pytest.raises(UserError, match="unknown detector 'cusum': choose from mmd, moments"):
        detector_class("cusum")


def test_detectors_decide_by_different_tests(people: Faces, frontal: np.ndarray) -> None:
    rows, window = frontal[::2], sample(frontal[1::2], 30)
    results = [
        fit_detector(name, people.images[rows], people.labels[rows]).test(
            people.images[window], people.labels[window]
        )
        for name in detector_names()
    ]
    assert [result.detector for result in results] == detector_names()
    assert results[0].statistic != pytest.approx(results[1].statistic)


def test_false_alarms_are_rare(people: Faces, frontal: np.ndarray, detector: Detector) -> None:
    alarms = 0
    for seed in range(20):
        rows = sample(frontal[1::2], 30, seed)
        result = detector.test(people.images[rows], people.labels[rows])
        assert result.images == 30
        alarms += result.verdict != DriftVerdict.NONE
    assert alarms <= 1


@needs_real_faces
@pytest.mark.parametrize("name", detector_names())
def test_on_real_faces_false_alarms_match_the_level_and_turned_heads_are_found(
    name: str, real: Faces
) -> None:
    turned = np.flatnonzero(real.conditions["yaw"] != "frontal")
    false_alarms, detected, trials = 0, 0, 15
    for seed in range(trials):
        reference, others = split_frontal(real, seed)
        detector = fit_detector(name, real.images[reference], real.labels[reference])
        detector = detector.with_limits(0.05, 10, 8)
        same, different = sample(others, 25, seed), sample(turned, 25, seed)
        false_alarms += detector.test(real.images[same], real.labels[same]).detected
        detected += detector.test(real.images[different], real.labels[different]).detected
    assert detected == trials
    assert false_alarms <= 3, "4 or more of 15 have a probability of 0.5 % at a level of 5 %"


def split_frontal(faces: Faces, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of 60 % of each person's frontal images, and of the others."""
    rng = np.random.default_rng(seed)
    frontal = (faces.conditions["yaw"] == "frontal").to_numpy()
    reference, others = [], []
    for person in faces.identities:
        rows = rng.permutation(np.flatnonzero(frontal & (faces.labels == person)))
        if len(rows) >= 3:
            count = max(2, round(0.6 * len(rows)))
            reference += rows[:count].tolist()
            others += rows[count:].tolist()
    return np.array(reference), np.array(others)


def test_turned_heads_are_drift(people: Faces, turned: np.ndarray, detector: Detector) -> None:
    rows = sample(turned, 25)
    result = detector.test(people.images[rows], people.labels[rows])
    assert result.verdict == DriftVerdict.DRIFT
    assert result.detected
    assert result.p_value == pytest.approx(0.001)
    assert result.reason == (
        f"p = 0.001 for 25 images of {result.identities} identities, largest change in symmetry"
    )


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_each_corruption_is_drift(
    people: Faces, frontal: np.ndarray, detector: Detector, name: str
) -> None:
    rows = sample(frontal[1::2], 25)
    images = corrupt(name, people.images[rows])
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert not np.array_equal(images, people.images[rows])
    assert detector.test(images, people.labels[rows]).verdict == DriftVerdict.DRIFT


def test_too_few_images_or_identities_are_not_enough_evidence(
    people: Faces, turned: np.ndarray, detector: Detector
) -> None:
    few = turned[np.isin(people.labels[turned], people.identities[:5])]
    for rows in (turned[:9], few, np.repeat(turned[:9], 5), turned[:0]):
        result = detector.test(people.images[rows], people.labels[rows])
        assert result.verdict == DriftVerdict.NOT_ENOUGH_EVIDENCE
        assert not result.detected
        assert result.statistic is None
        assert result.p_value is None
        assert result.reason.startswith("too few distinct images (")


def test_unknown_faces_do_not_count_as_an_identity(
    people: Faces, turned: np.ndarray, detector: Detector
) -> None:
    seven = turned[np.isin(people.labels[turned], people.identities[:8])]
    predicted = np.where(
        people.labels[seven] == people.identities[7], "unknown", people.labels[seven]
    )
    result = detector.test(people.images[seven], predicted)
    assert result.verdict == DriftVerdict.NOT_ENOUGH_EVIDENCE
    assert result.identities == 7
    enough = detector.test(people.images[seven], people.labels[seven])
    assert (enough.verdict, enough.identities) == (DriftVerdict.DRIFT, 8)


def test_unknown_faces_are_centred_on_the_mean_over_identities(
    people: Faces, frontal: np.ndarray, default: DriftDetector
) -> None:
    rows = sample(frontal[1::2], 25)
    predicted = np.full(25, "unknown")
    _, window = default.tabulate(people.images[rows], predicted)
    overall = np.mean(list(default.means.values()), axis=0)
    expected = (default.features.measure(people.images[rows]) - overall) / default.scale
    assert np.allclose(window, np.clip(expected, -4, 4))


def test_an_image_sent_twice_counts_once(
    people: Faces, frontal: np.ndarray, detector: Detector
) -> None:
    rows = sample(frontal[1::2], 20)
    once = detector.test(people.images[rows], people.labels[rows])
    repeated = np.tile(rows, 4)
    assert detector.test(people.images[repeated], people.labels[repeated]) == once


def test_frames_of_a_burst_count_once(
    people: Faces, frontal: np.ndarray, detector: Detector
) -> None:
    rng, window = np.random.default_rng(0), sample(frontal[1::2], 25)
    frames = np.repeat(np.asarray(people.images[window]), 5, axis=0)
    frames = frames * rng.uniform(0.998, 1.002, (len(frames), 1, 1))
    burst = detector.test(frames, np.repeat(people.labels[window], 5))
    once = detector.test(np.asarray(people.images[window]), people.labels[window])
    assert burst.images == once.images == 25
    assert burst.p_value == pytest.approx(once.p_value, abs=0.05)


def test_people_who_come_several_times_count_less() -> None:
    counts = {"a": 2, "b": 9}
    assert design_effect(np.array(["a", "b", "unknown", "unknown"]), counts) == 1
    assert design_effect(np.array(["a"] * 4), counts) == pytest.approx(1 + 3 / 3)
    assert design_effect(np.array(["b"] * 4), counts) == pytest.approx(1 + 3 / 10)
    assert design_effect(np.array(["b"] * 4), counts, power=2) == pytest.approx(1 + 3 / 100)


def test_limits_can_be_set(people: Faces, turned: np.ndarray, detector: Detector) -> None:
    rows = turned[:9]
    small = detector.with_limits(threshold=0.0005, minimum_images=5, minimum_people=1)
    result = small.test(people.images[rows], people.labels[rows])
    assert result.threshold == 0.0005
    assert result.verdict == DriftVerdict.NONE, "p-values of 999 permutations are at least 0.001"
    assert result.p_value is not None


def test_a_window_like_a_group_of_the_reference_is_not_drift(
    people: Faces, frontal: np.ndarray, turned: np.ndarray, detector: Detector
) -> None:
    reference = np.r_[frontal[::2], turned[::4]]
    groups = np.where(np.isin(reference, turned), GROUP, "")
    rows = sample(turned[1::4], 25)
    images, labels = people.images[reference], people.labels[reference]
    grouped = fit_detector(detector.name, images, labels, groups)
    plain = fit_detector(detector.name, images, labels)
    assert plain.test(people.images[rows], people.labels[rows]).detected
    assert not grouped.test(people.images[rows], people.labels[rows]).detected
    blurred = corrupt("blur", people.images[rows])
    assert grouped.test(blurred, people.labels[rows]).detected


def test_the_table_shows_what_is_compared(
    people: Faces, turned: np.ndarray, default: DriftDetector
) -> None:
    rows = sample(turned, 25)
    reference, window = default.tabulate(people.images[rows], people.labels[rows])
    assert list(reference) == list(window) == list(NAMES)
    assert np.array_equal(reference, default.rows)
    assert len(window) == 25
    columns = ks_columns(reference.to_numpy(), window.to_numpy(), NAMES, 0.01)
    assert columns.set_index("column").loc["symmetry", "differs"]
    empty = default.tabulate(people.images[:0], people.labels[:0])[1]
    assert (list(empty), len(empty)) == (list(NAMES), 0)


def test_a_restored_detector_returns_the_same_results(
    people: Faces, frontal: np.ndarray, turned: np.ndarray, detector: Detector, tmp_path
) -> None:
    reference = np.r_[frontal[::2], turned[::4]]
    groups = np.where(np.isin(reference, turned), GROUP, "")
    fitted = fit_detector(
        detector.name, people.images[reference], people.labels[reference], groups
    ).with_limits(0.02, 12, 6)
    np.savez(tmp_path / "detector.npz", allow_pickle=False, **fitted.to_arrays())
    with np.load(tmp_path / "detector.npz", allow_pickle=False) as arrays:
        restored = detector_class(detector.name).from_arrays(dict(arrays))
    for rows in (sample(frontal[1::2], 25), sample(turned[1::4], 25), turned[:3]):
        images, labels = people.images[rows], people.labels[rows]
        assert restored.test(images, labels) == fitted.test(images, labels)
        for table, original in zip(
            restored.tabulate(images, labels), fitted.tabulate(images, labels), strict=True
        ):
            assert table.equals(original)


@pytest.mark.parametrize(
    ("turned_heads", "unknown", "statistic", "p_value", "reason"),
    [
        (0, False, 1.3055972453635114, 0.375, "p = 0.375 for 25 images of 16 identities"),
        (4, False, 1.6640987586533837, 0.138, "p = 0.138 for 25 images of 16 identities"),
        (6, False, 1.7724758784211443, 0.096, "p = 0.096 for 25 images of 17 identities"),
        (8, False, 2.5125683240741514, 0.013, "p = 0.013 for 25 images of 18 identities"),
        (0, True, 1.9810045190332362, 0.045, "p = 0.045 for 25 images of 13 identities"),
        (8, True, 6.486480392046316, 0.001, "p = 0.001 for 25 images of 11 identities, largest "
         "change in symmetry"),
    ],
)  # fmt: skip
def test_the_default_detector_returns_the_recorded_values(
    people: Faces,
    frontal: np.ndarray,
    turned: np.ndarray,
    turned_heads: int,
    unknown: bool,
    statistic: float,
    p_value: float,
    reason: str,
) -> None:
    """The values were recorded when squares got a separate design effect."""
    reference = frontal[::2]
    groups = np.where(np.arange(len(reference)) % 3 == 0, GROUP, "")
    fitted = DriftDetector.fit(people.images[reference], people.labels[reference], groups)
    rng = np.random.default_rng(1)
    rows = np.r_[
        rng.permutation(turned)[:turned_heads],
        rng.permutation(frontal[1::2])[: 25 - turned_heads],
    ]
    predicted = people.labels[rows].astype("U20")
    if unknown:
        predicted[::3] = "unknown"
    result = fitted.test(people.images[rows], predicted)
    assert result.statistic == pytest.approx(statistic, rel=1e-4)
    assert result.p_value == pytest.approx(p_value, abs=0.002)
    assert result.reason == reason


def test_an_unknown_corruption_is_an_error(people: Faces) -> None:
    with pytest.raises(UserError, match="unknown corruption 'fog': choose from blur, brightness"):
        corrupt("fog", people.images[:1])
