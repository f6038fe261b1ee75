"""A model in production that learns from feedback, with everything that defends it."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.retraining import TURNED, predict, train
from faces.data.dataset import Faces
from faces.data.feedback import add_labelled_faces, withhold_labels
from faces.data.split import Split
from faces.data.traffic import traffic_rows
from faces.data.window import Window, concatenate
from faces.evaluation.accuracy_rules import CROSS_VALIDATED, needs_cross_validation
from faces.evaluation.comparison import Comparison, compare_predictions
from faces.evaluation.cross_validation import Recipe, cross_validate
from faces.evaluation.feedback_verification import (
    FeedbackLimits,
    FeedbackVerification,
    verify_feedback,
)
from faces.evaluation.open_set import fit_rejection_threshold
from faces.evaluation.person_evidence import JUDGE, collect_evidence, train_judge
from faces.evaluation.promotion_gate import GateDecision, check_comparisons, check_people
from faces.evaluation.witness import Witness
from faces.models import build_model
from faces.models.export import export_model
from faces.models.protocol import Recogniser
from faces.runtime.portable import UNKNOWN, PortableModel
from pipelines.drift_detection import DriftSettings
from pipelines.shared.retraining import MAX_CANDIDATES

SETTINGS = DriftSettings()
LIMITS = FeedbackLimits(**SETTINGS.feedback.model_dump())
Labels = NDArray[np.str_]
Images = NDArray[np.float32]


class CachedWitness(Witness):
    """Remembers faces, since most of them are in many windows."""

    def __init__(self, enrolled: Faces) -> None:
        super().__init__(enrolled)
        self.known: dict[bytes, NDArray[np.floating]] = {}

    def embed(self, images: Images) -> NDArray[np.floating]:
        """See Witness."""
        keys = [image.tobytes() for image in images]
        new = {key: row for row, key in enumerate(keys) if key not in self.known}
        if new:
            rows = super().embed(images[list(new.values())])
            self.known |= dict(zip(new, rows, strict=True))
        return np.array([self.known[key] for key in keys])


class Enrolment:
    """Enrolled people, with the witness and the judge, which learn from them only."""

    def __init__(self, faces: Faces, split: Split) -> None:
        self.faces, self.split = faces, split
        enrolled = faces[split.train]
        self.witness, self.judge = CachedWitness(enrolled), train_judge(enrolled)

    def honest(self, seed: int, count: int) -> Faces:
        """Return turned heads with true labels, as traffic would send them."""
        return self.faces[traffic_rows(self.faces, self.split, TURNED, seed)[:count]]


class Loop:
    """Production that retrains after every window: the gate decides whether it is replaced.

    The rejection threshold stays that of the first model.
    """

    def __init__(self, enrolment: Enrolment, model: str) -> None:
        self.enrolment, self.name = enrolment, model
        self.faces, self.split = enrolment.faces, enrolment.split
        trained = self.faces[self.split.train]
        is_judge = model == JUDGE
        self.model = enrolment.judge if is_judge else train(self.faces, self.split.train, model)
        calibration = fit_rejection_threshold(build_model(model), trained.pixels, trained.labels)
        self.threshold = calibration.rejection_threshold if calibration else None
        self.earlier: Window | None = None

    def copy(self) -> "Loop":
        """Return a loop in the same state, which changes independently."""
        other: Loop = object.__new__(Loop)
        other.__dict__.update(self.__dict__)
        return other

    def verify(self, window: Window) -> FeedbackVerification:
        """Verify a window's feedback."""
        trained = self.faces[self.split.train]
        witness = self.enrolment.witness
        return verify_feedback(window, trained, LIMITS, self.earlier, lambda _: witness)

    def remember(self, window: Window) -> None:
        """Keep a window as evidence about its senders."""
        self.earlier = concatenate([self.earlier, window] if self.earlier else [window])

    def add(self, images: Images, labels: Labels) -> tuple[Faces, Split]:
        """Return the data that a candidate learns."""
        return add_labelled_faces(self.faces, self.split, images, labels)

    def retrain(self, images: Images, labels: Labels, gate: bool = True) -> GateDecision:
        """Train a candidate with more labels; it replaces production if the gate agrees.

        If the gate rejects it because of single people, others follow without new labels that name
        them.
        """
        previous, data = (self.faces, self.split), self.add(images, labels)
        decision = self._train_and_gate(*data, gate)
        for _ in range(MAX_CANDIDATES - 1):
            fewer = withhold_labels(*previous, *data, decision.people)
            if len(fewer[0]) == len(data[0]):
                break
            data = fewer
            decision = self._train_and_gate(*data, gate)
        return decision

    def _train_and_gate(self, faces: Faces, split: Split, gate: bool) -> GateDecision:
        candidate = train(faces, split.train, self.name)
        decision = GateDecision(True, "promoted: without a gate")
        if gate:
            decision = self.decide(candidate, faces, split)
        if decision.promoted:
            self.model, self.faces, self.split = candidate, faces, split
        return decision

    def decide(self, candidate: Recogniser, faces: Faces, split: Split) -> GateDecision:
        """Return the gate's decision about a candidate."""
        learned = self.faces.ids[self.split.train]
        comparisons = {}
        for part, rows in (("baseline", split.test), ("drifted", split.drifted)):
            fresh = faces[rows[~np.isin(faces.ids[rows], learned)]]
            answers = (predict(model, fresh.images) for model in (candidate, self.model))
            comparisons[part] = compare_predictions(fresh.labels, *answers)
        if needs_cross_validation(comparisons):
            comparisons[CROSS_VALIDATED] = self._cross_validate(faces, split)
        gate = SETTINGS.gate
        decision = check_comparisons(comparisons, gate.tolerances.model_dump(), gate.minimum_images)
        if not decision.promoted:
            return decision
        evidence = collect_evidence(
            self._export(candidate), self._export(self.model), faces, split, learned,
            lambda _: self.enrolment.judge,
        )  # fmt: skip
        return check_people(evidence) or decision

    def _cross_validate(self, faces: Faces, split: Split) -> Comparison:
        """Compare the candidate's data with production's, as the pipeline does with few images."""
        recipes = [
            Recipe(self.name, {}, data[np.concatenate([parts.train, parts.test])])
            for data, parts in ((faces, split), (self.faces, self.split))
        ]
        enrolled = recipes[0].faces
        enrolled = enrolled[np.flatnonzero(enrolled.origins == "")]
        labels, answers = cross_validate(enrolled, recipes)
        return compare_predictions(labels, *answers)

    def answers(self, images: Images) -> Labels:
        """Return what the endpoint would answer, "unknown" for a face that it rejects."""
        if not len(images):
            return np.array([], dtype=str)
        portable = self._export(self.model)
        predictions = portable.predict_open_set(images.reshape(len(images), -1))
        names = portable.classes[predictions.probabilities.argmax(axis=1)]
        return np.where(predictions.accepted, names, UNKNOWN)

    def _export(self, model: Recogniser) -> PortableModel:
        return export_model(model, {}, self.threshold)


def make_window(images: Images, labels: Labels, senders: Labels) -> Window:
    """Return a window of faces that all have a label."""
    n = len(labels)
    return Window(
        images=np.asarray(images, np.float32),
        predicted=labels,
        labels=labels.astype("U50"),
        confidence=np.ones(n),
        versions=np.full(n, "1"),
        times=np.arange(n),
        senders=senders,
    )
