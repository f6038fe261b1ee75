"""Look at a canary release: it advances, goes back, or has not enough evidence yet."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from zenml import step

from components.deployers.base import FaceDeployer, active_deployer
from faces.drift.captured_requests import read_captured_requests
from faces.drift.paired_requests import LazyWitness, pair_answers
from faces.evaluation.canary_policy import CanaryDecision, Evidence, Phase, decide, weigh
from faces.evaluation.canary_release import CanaryRelease, CanaryStep
from serving.capture.reader import read_files
from steps.deployment.deploy_model import portable_model
from steps.deployment.repair import find_unfinished_deployment
from steps.promotion.champion import sync_champion
from steps.promotion.gate_evidence import enrolled_faces
from store.canary_releases import CANARY, latest_release, record_release
from store.deployments import deployments
from store.materializers import RECORD
from store.records import Deployment
from store.run_metadata import describe_run
from store.versions import find_version, require_version


@step(enable_cache=False, output_materializers={CANARY: RECORD})
def advance_canary() -> Annotated[CanaryStep, CANARY]:
    """Weigh what both versions answered since the release began, and decide how it goes on.

    The state is that of the latest record, and the evidence is weighed again from the captured
    requests: a run that is killed loses nothing, and the next one sets the endpoint right.

    Without a release, production, the registry and the endpoint are made to agree, in case a run
    was killed between them.

    Returns:
        The state of the release, if there is one, and the version that has to be deployed.
    """
    sync_champion()
    release, deployer, records = latest_release(), active_deployer(), deployments()
    unfinished = release is not None and is_unfinished(release, records)
    if release is None or not (release.phase.is_active or unfinished):
        return CanaryStep(None, *(find_unfinished_deployment(deployer) or ()))
    if not release.phase.is_active:
        return CanaryStep(release, release.served)
    decision, evidence = _look(release, deployer, records, unfinished)
    release = release.advance(decision, evidence, datetime.now(UTC))
    record_release(release)
    describe_run("canary", {**asdict(evidence), "phase": release.phase, "reason": release.reason})
    if release.phase == Phase.SUPERSEDED:
        deployer.stop_beside()
        return CanaryStep(release)
    return CanaryStep(release, release.served if is_unfinished(release, records) else None)


@step(enable_cache=False)
def arrange_canary(canary: CanaryStep) -> None:
    """Let the other version of a release answer beside the served one, or end that.

    Args:
        canary: The state of the release.
    """
    release, deployer = canary.release, active_deployer()
    beside = release.beside if release else None
    if beside is None:
        deployer.stop_beside()
        return
    version, share = beside
    deployer.start_beside(portable_model(version), share)


def is_unfinished(release: CanaryRelease, records: Sequence[Deployment]) -> bool:
    """Return whether the phase of a release asks for a deployment that was not recorded yet.

    Args:
        release: The release.
        records: Deployments and rollbacks, oldest first.
    """
    if release.phase not in (Phase.WATCH, Phase.ROLLED_BACK):
        return False
    return not any(
        record.version == release.served and record.when >= release.phase_began
        for record in records
    )


def superseded_by(release: CanaryRelease, records: Sequence[Deployment]) -> int | None:
    """Return the version that somebody deployed instead of continuing a release.

    Args:
        release: The release.
        records: Deployments and rollbacks, oldest first.

    Returns:
        The version; None if the latest deployment since the phase began is that of the release.
    """
    since = [record for record in records if record.when > release.phase_began]
    return since[-1].version if since and since[-1].version != release.served else None


def _look(
    release: CanaryRelease,
    deployer: FaceDeployer,
    records: Sequence[Deployment],
    unfinished: bool,
) -> tuple[CanaryDecision, Evidence]:
    other = superseded_by(release, records)
    if other is not None:
        return CanaryDecision(Phase.SUPERSEDED, f"version {other} was deployed"), release.evidence
    missing = [n for n in (release.candidate, release.previous) if find_version(n) is None]
    if missing:
        return (
            CanaryDecision(Phase.SUPERSEDED, f"version {missing[0]} was deleted"),
            release.evidence,
        )
    if unfinished:
        return CanaryDecision(release.phase, release.reason), release.evidence
    evidence = _weigh(release, deployer)
    return decide(release.phase, evidence, release.limits), evidence


def _weigh(release: CanaryRelease, deployer: FaceDeployer) -> Evidence:
    captured = read_captured_requests(read_files(deployer.captured(), release.started / 1e9))
    witness = LazyWitness(enrolled_faces(require_version(release.previous)))
    answers, unanswered = pair_answers(
        captured, str(release.candidate), str(release.previous), release.started, witness
    )
    return weigh(answers, release.limits, release.live_since, unanswered)
