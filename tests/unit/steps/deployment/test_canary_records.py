from dataclasses import replace

from faces.evaluation.canary_policy import Phase
from faces.evaluation.canary_release import CanaryRelease
from steps.deployment.advance_canary import is_unfinished, superseded_by
from steps.monitoring.report_canary import TEXTS, describe_release
from store.records import Deployment

RELEASE = CanaryRelease(2, 1, Phase.WATCH, "why", "t5", "t5", 0)


def deployed(version: int, when: str) -> Deployment:
    return Deployment("", version, "deployment", "", "", when, 0.0)


def test_a_phase_is_finished_by_a_record_of_its_deployment() -> None:
    earlier, later = deployed(2, "t4"), deployed(2, "t6")
    assert is_unfinished(RELEASE, [earlier])
    assert is_unfinished(RELEASE, [earlier, deployed(1, "t6")])
    assert not is_unfinished(RELEASE, [earlier, later])
    assert is_unfinished(replace(RELEASE, phase=Phase.ROLLED_BACK), [later])
    for phase in (Phase.SHADOW, Phase.CANARY, Phase.COMPLETED, Phase.SUPERSEDED):
        assert not is_unfinished(replace(RELEASE, phase=phase), [])


def test_another_deployment_ends_a_release() -> None:
    assert superseded_by(RELEASE, [deployed(1, "t4"), deployed(2, "t6")]) is None
    assert superseded_by(RELEASE, [deployed(2, "t6"), deployed(1, "t7")]) == 1
    shadow = replace(RELEASE, phase=Phase.SHADOW)
    assert superseded_by(shadow, [deployed(1, "t4")]) is None
    assert superseded_by(shadow, [deployed(2, "t6")]) == 2, "by --rollout direct"


def test_the_end_of_a_release_is_described() -> None:
    for phase in TEXTS:
        text = describe_release(replace(RELEASE, phase=phase))
        assert "ersion 2" in text
        assert text.endswith("why.")
