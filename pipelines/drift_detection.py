"""Drift detection: look at the traffic since the last time, and act on it."""

from dataclasses import asdict
from typing import Any

from zenml import pipeline
from zenml.models import PipelineRunResponse

from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import Action
from pipelines.train_and_gate import train_and_gate
from steps.data.add_feedback import learn_window
from steps.deployment.deploy_model import deploy_model
from steps.deployment.record_deployment import record_deployment
from steps.deployment.verify_endpoint import verify_endpoint
from steps.monitoring.decide import decide
from steps.monitoring.detect_drift import detect_drift
from steps.monitoring.drift_report import explain_drift
from steps.monitoring.load_window import load_window
from steps.monitoring.send_alert import send_alert, send_failure
from store.production import live_settings


@pipeline(name="drift_detection", dynamic=True, enable_cache=False, on_failure=send_failure)
def drift_detection(settings: dict[str, Any]) -> None:
    """Compare the traffic since the last decision with what the live model was trained on.

    1. Load the window of captured faces.
    2. Test it for drift, and decide; draw a page that shows why.
    3. If it is to be learned from: add its labelled faces to the training images, train, evaluate
       and register as the training pipeline does, and let the gate judge.
    4. If the gate lets it: put it live, compare the endpoint with the model, write it down.
    5. Tell a person of drift, and what became of it.
    """
    window = load_window(settings["window"])
    drift, measured = detect_drift(
        window, settings["threshold"], settings["minimum_images"], settings["minimum_people"]
    )
    decision = decide(
        window, drift, settings["windows"], settings["needed"], settings["minimum_labels"]
    )
    made = decision.load()["decision"]
    if made == Action.NOT_ENOUGH_EVIDENCE:
        return
    explain_drift(window, drift, measured, decision)
    if made == Action.ALERT:
        send_alert(decision, None, None)
    if made != Action.RETRAIN:
        return
    faces, split = learn_window(window)
    version, verdict = train_and_gate(faces, split, live_settings(), settings["gate"])
    if not verdict.load()["promoted"]:
        send_alert(decision, verdict, None)
        return
    live = deploy_model(version, None)
    difference = verify_endpoint(live, settings["verification_images"])
    record_deployment(live, difference)
    send_alert(decision, verdict, live)


def summarize(run: PipelineRunResponse) -> dict[str, Any]:
    """What a person and a script want to know of it."""
    output = {name: made[0] for step in run.steps.values() for name, made in step.outputs.items()}
    drift: MonitoringResult = output["drift"].load()
    made = output["drift_decision"].load()
    gate = output["decision"].load() if "decision" in output else {}
    live = output["deployment"].load() if "deployment" in output else None
    metrics = output["metrics"].load() if "metrics" in output else {}
    alert = output["alert"].load() if "alert" in output else None
    return {
        "drift": _summarize_drift(drift) | {"damaged": output["window"].load().damaged},
        "decision": made["decision"],
        "reason": made["reason"],
        "retrained": bool(gate),
        "promoted": bool(gate.get("promoted")),
        "gate": gate.get("reason"),
        "deployed_version": live["version"] if live else None,
        "metrics": metrics,
        "alert": alert,
        "page": f"{output['drift_page'].uri}/page.html" if "drift_page" in output else None,
        "run": {"name": run.name, "status": run.status.value, "id": str(run.id)},
    }


def _summarize_drift(result: MonitoringResult) -> dict[str, Any]:
    drift = result.drift
    return {
        **asdict(drift),
        "verdict": drift.verdict.value,
        "detected": drift.detected,
        "window": drift.images,
        "subjects": drift.identities,
        "labelled": result.labelled,
        "confidence_drop": result.confidence.drop if result.confidence else None,
        "confidence_p_value": result.confidence.p_value if result.confidence else None,
        "accuracy": asdict(result.accuracy) if result.accuracy else None,
        "version": result.version,
    }
