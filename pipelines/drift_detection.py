"""Drift detection: look at the traffic since the last time, and act on it."""

from typing import Any

from zenml import pipeline
from zenml.client import Client
from zenml.models import PipelineRunResponse

from faces.decision import RETRAIN
from steps.decide import decide
from steps.deploy import deploy_model
from steps.detect import detect_drift
from steps.draw import draw_pictures
from steps.evaluate import evaluate_model
from steps.export import export_model
from steps.learn import learn_window
from steps.production import live_settings
from steps.promote import promote_model
from steps.record import record_deployment
from steps.reduce import fit_pca
from steps.register import register_model
from steps.train import train_model
from steps.verify import verify_endpoint
from steps.window import load_window


@pipeline(name="drift_detection", dynamic=True, enable_cache=False)
def drift_detection(settings: dict[str, Any]) -> None:
    """Compare the traffic since the last decision with what the live model was trained on.

    1. Load the window of captured faces.
    2. Test it for drift, and decide.
    3. If it is to be learned from: add its labelled faces to the training images, train, evaluate
       and register as the training pipeline does, and let the gate judge.
    4. If the gate lets it: put it live, compare the endpoint with the model, write it down.
    """
    window = load_window(settings["window"])
    drift, _ = detect_drift(
        window, settings["threshold"], settings["minimum_images"], settings["minimum_people"]
    )
    decision = decide(
        window, drift, settings["windows"], settings["needed"], settings["minimum_labels"]
    )
    if decision.load()["decision"] != RETRAIN:
        return
    trained = live_settings()
    model, params = trained["model"], trained["params"]
    tracker = Client().active_stack.experiment_tracker
    faces, split = learn_window(window)
    pca = fit_pca(faces, split, model, params)
    fitted = train_model(faces, split, pca, model, params)
    portable = export_model(faces, fitted)
    metrics, predictions, by_condition, confused = evaluate_model(faces, split, fitted)
    pictures = draw_pictures(faces, split, pca, predictions)
    version = register_model.with_options(experiment_tracker=tracker.name if tracker else None)(
        faces, split, pca, fitted, portable, metrics, predictions, by_condition, confused, pictures,
        trained,
    )  # fmt: skip
    gate = settings["gate"]
    verdict = promote_model(version, metrics, gate["tolerances"], gate["minimum_images"])
    if not verdict.load()["promoted"]:
        return
    live = deploy_model(version, None)
    difference = verify_endpoint(live, settings["verification_images"])
    record_deployment(live, difference)


def summarize(run: PipelineRunResponse) -> dict[str, Any]:
    """What a person and a script want to know of it."""
    output = {name: made[0] for step in run.steps.values() for name, made in step.outputs.items()}
    drift = output["drift"].load()
    made = output["drift_decision"].load()
    gate = output["decision"].load() if "decision" in output else {}
    live = output["deployment"].load() if "deployment" in output else None
    metrics = output["metrics"].load() if "metrics" in output else {}
    return {
        "drift": drift,
        "decision": made["decision"],
        "reason": made["reason"],
        "retrained": bool(gate),
        "promoted": bool(gate.get("promoted")),
        "gate": gate.get("reason"),
        "deployed_version": live["version"] if live else None,
        "metrics": metrics,
        "run": {"name": run.name, "status": run.status.value, "id": str(run.id)},
    }
