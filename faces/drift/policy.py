"""What to do about a window: nothing, wait, raise an alert, or train again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NONE, NOT_ENOUGH_EVIDENCE = "none", "not_enough_evidence"
WAIT, ALERT, RETRAIN = "wait", "alert", "retrain"


@dataclass(frozen=True)
class DriftDecision:
    """What is done, and why, in words for a person."""

    decision: str
    reason: str

    @property
    def drifted(self) -> bool:
        """Whether drift was seen, whatever is done about it."""
        return self.decision in (WAIT, ALERT, RETRAIN)


def decide(
    drift: Mapping[str, Any],
    previous: Sequence[bool],
    *,
    windows: int,
    needed: int,
    minimum_labels: int,
) -> DriftDecision:
    """Decide about a window by what was found in it, `drift`, and in those before it.

    Data drift or model drift (accuracy, where feedback came) must be in this window and in at
    least `needed` of the last `windows`, this one among them; `previous` says of the earlier ones,
    oldest first, whether they drifted. Nothing can be learned from faces without labels: then
    there is only an alert.
    """
    if drift["verdict"] == NOT_ENOUGH_EVIDENCE:
        return DriftDecision(NOT_ENOUGH_EVIDENCE, drift["reason"])
    accuracy = drift["accuracy"]
    model_drift = accuracy is not None and accuracy["p_value"] <= drift["threshold"]
    signs = []
    if drift["detected"]:
        signs.append(f"data drift: {drift['reason']}")
    if model_drift:
        signs.append(
            f"model drift: accuracy {accuracy['now']:.3f}, was {accuracy['before']:.3f} "
            f"(p = {accuracy['p_value']:.2g})"
        )
    if not signs:
        return DriftDecision(NONE, f"no drift: {drift['reason']}")
    told = "; ".join(signs)
    seen = 1 + sum(previous[-(windows - 1) :] if windows > 1 else [])
    if seen < needed:
        return DriftDecision(WAIT, f"{told}; in {seen} of the {needed} windows that are needed")
    if drift["labelled"] < minimum_labels:
        return DriftDecision(
            ALERT,
            f"{told}; {drift['labelled']} faces have a label and {minimum_labels} are needed: "
            "nothing can be learned without",
        )
    return DriftDecision(RETRAIN, told)
