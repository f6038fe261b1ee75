"""One policy in months of simulated production: what it retrains, releases and pays for.

Detector, monitor, witness, verification of feedback, decision, gate and canary policy are those of
the pipelines, with their default settings.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.defence import SETTINGS, Enrolment, Loop
from benchmarks.production import Production
from faces.data.window import Window
from faces.drift import policy
from faces.drift.detectors.moments import DriftDetector
from faces.drift.findings import FindingKind
from faces.drift.monitoring import MonitoringResult, assess_window
from faces.drift.policy import Action, RetrainingPolicy
from faces.drift.result import DriftVerdict
from faces.drift.sequential_monitor import SequentialMonitor
from faces.drift.witness_opinion import WitnessOpinion
from faces.evaluation import canary_policy
from faces.evaluation.canary_policy import CanaryLimits, Phase, weigh
from faces.evaluation.paired_answers import PairedAnswers, judge
from faces.runtime.portable import UNKNOWN

Trigger = Literal["never", "weekly", "drift", "accuracy", "monitor", "default"]
"""What asks for retraining: the date, one of the tests, or all tests together (the default)."""

STEP, WEEK = 2, 7
"""Days between two drift detections, and between two retrainings by date."""

ASKED, ANSWERED_AFTER = 30, 2.0
"""Faces that an operator labels when a policy asks for labels, and the days that it takes."""

EARLIER_DAYS = 20 * STEP
"""Late labels of this time are learned, too."""

LABELS_HELP = {FindingKind.PICTURES, FindingKind.ACCURACY}
LIMITS = CanaryLimits(**SETTINGS.canary.model_dump())
POLICY = RetrainingPolicy(SETTINGS.of_last, SETTINGS.required, SETTINGS.minimum_labels)
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Outcome:
    """What a policy achieved.

    Attributes:
        wrong: Number of wrong answers to faces of enrolled people.
        faces: Number of these faces.
        retrainings: Number of versions that were trained.
        live: Number of these that went live.
        labels: Number of labels that an operator was asked for.
    """

    wrong: int
    faces: int
    retrainings: int
    live: int
    labels: int


class Version:
    """A model version: its loop with the data, the fitted tests, and its answers to all faces."""

    def __init__(self, loop: Loop, number: int, production: Production) -> None:
        self.loop, self.number = loop, number
        pixels = production.images.reshape(len(production.images), -1)
        self.predicted = loop.model.predict(pixels).astype(np.str_)
        self.confidence = loop.model.predict_proba(pixels).max(axis=1)
        train = loop.faces[loop.split.train]
        self.images = np.asarray(train.images)
        limits = SETTINGS.threshold, SETTINGS.minimum_images, SETTINGS.minimum_people
        fitted = DriftDetector.fit(self.images, train.labels, train.origins)
        self.detector = fitted.with_limits(*limits)
        self.monitor = SequentialMonitor.fit(self.images, train.labels, train.origins)
        tested = loop.faces[loop.split.test]
        self.tested = np.asarray(tested.images)
        probabilities = loop.model.predict_proba(tested.pixels)
        predicted = loop.model.predict(tested.pixels).astype(np.str_)
        self.baseline = pd.DataFrame(
            {
                "label": tested.labels,
                "predicted": predicted,
                "confidence": probabilities.max(axis=1),
            }
        )


@dataclass
class Release:
    """A canary release of a candidate; `since` is the first face that both versions answer."""

    candidate: Version
    previous: Version
    since: int
    phase: Phase = Phase.SHADOW
    live_since: int | None = None


class Trial:
    """Production under one policy.

    Args:
        production: What happens.
        enrolment: The enrolled people, with their witness.
        first: The first version.
        trigger: What asks for retraining.
        canary: Whether versions are released as canaries.
    """

    def __init__(
        self,
        production: Production,
        enrolment: Enrolment,
        first: Version,
        trigger: Trigger,
        canary: bool = False,
    ) -> None:
        self.production, self.witness = production, enrolment.witness
        self.trigger, self.canary = trigger, canary
        self.live, self.monitor = first, first.monitor
        self.release: Release | None = None
        n = len(production.days)
        self.answers, self.by_version = np.full(n, "", dtype="U50"), np.zeros(n, dtype=np.int64)
        self.labels, self.arrivals = production.labels.astype("U50"), production.arrivals.copy()
        self.decided_on = np.full(n, np.inf)
        self.window_start, self.reported = 0, False
        self.drifted: list[bool] = []
        self.retrainings = self.went_live = self.asked = 0
        self.rng = np.random.default_rng(n)

    def run(self) -> Outcome:
        """Let time pass, with a drift detection every `STEP` days."""
        days, start = self.production.days, 0
        for day in np.arange(STEP, np.ceil(days[-1]) + STEP, STEP):
            end = int(np.searchsorted(days, day))
            self._answer(np.arange(start, end))
            if self.release:
                self._advance(day, end)
            if self.trigger != "never" and end > self.window_start:
                self._detect(day, start, end)
            start = end
        enrolled = self.production.enrolled
        wrong = (self.answers != self.production.people) & enrolled
        return Outcome(
            int(wrong.sum()), int(enrolled.sum()), self.retrainings, self.went_live, self.asked
        )

    def _answer(self, rows: Rows) -> None:
        """Let the live version answer, and a canary its share."""
        self.answers[rows] = self.live.predicted[rows]
        self.by_version[rows] = self.live.number
        if self.release and self.release.phase == Phase.CANARY:
            own = rows[self.rng.random(len(rows)) < LIMITS.share]
            self.answers[own] = self.release.candidate.predicted[own]
            self.by_version[own] = self.release.candidate.number

    def _detect(self, day: float, start: int, end: int) -> None:
        """Detect drift in the faces since the last decision, and act."""
        weekly = self.trigger in ("weekly", "accuracy")
        if weekly and day % WEEK >= STEP:
            return
        rows = np.arange(self._first_row(day), end)
        if self.trigger == "weekly":
            self._decide_weekly(rows, day)
            return
        window = self._window(rows, day)
        feedback = self.live.loop.verify(window)
        late = self._late_labels(day)
        result = self._assess(self._window(np.arange(start, end), day), feedback.verified(window))
        decision = policy.decide(
            result, feedback, self.drifted, POLICY, reported=self.reported, late=len(late)
        )
        if decision.action == Action.NOT_ENOUGH_EVIDENCE:
            return
        if decision.action == Action.RETRAIN and self._is_releasing():
            return
        if decision.action == Action.NONE and self.trigger == "accuracy":
            return
        self.window_start, self.decided_on[rows] = end, day
        self.drifted.append(decision.drifted)
        self.reported = self.reported or bool(result.monitor and result.monitor.alarm)
        if decision.action == Action.RETRAIN:
            usable = feedback.usable(window).labelled
            self._retrain(np.r_[rows[usable], late], end)
        elif decision.action == Action.ALERT and set(decision.findings) & LABELS_HELP:
            self._ask(rows, day)

    def _first_row(self, day: float) -> int:
        """Return where the window begins: labels come late, so that of the accuracy is longer."""
        if self.trigger != "accuracy":
            return self.window_start
        recent = int(np.searchsorted(self.production.days, day - 4 * WEEK))
        return max(self.window_start, recent)

    def _decide_weekly(self, rows: Rows, day: float) -> None:
        """Retrain with the labels of the weeks before."""
        self.window_start, self.decided_on[rows] = int(rows[-1]) + 1, day
        self._ask(rows, day)
        late = self._late_labels(day)
        if len(late) >= POLICY.minimum_labels and not self._is_releasing():
            self._retrain(late, int(rows[-1]) + 1)

    def _assess(self, latest: Window, window: Window) -> MonitoringResult:
        """Assess a window with those of the tests that the policy uses."""
        live, trigger = self.live, self.trigger
        monitor = None
        if trigger in ("monitor", "default"):
            unknown = WitnessOpinion.ask(self.witness, latest.images).unknown
            own = latest.versions == str(live.number)
            names = np.where(unknown, UNKNOWN, latest.predicted)
            self.monitor = self.monitor.update(latest.images[own], names[own], latest.times[own])
            monitor = self.monitor.result(SETTINGS.threshold, "", live.number)
        result = assess_window(
            window, live.detector, live.baseline, live.images, live.number, monitor,
            self.witness, live.tested,
        )  # fmt: skip
        if trigger in ("accuracy", "monitor") and result.drift.detected:
            unseen = replace(result.drift, verdict=DriftVerdict.NONE)
            result = replace(result, drift=unseen)
        return replace(result, accuracy=None) if trigger in ("drift", "monitor") else result

    def _window(self, rows: Rows, day: float) -> Window:
        """Return faces with the answers they got, and the labels that are there."""
        arrived = self.arrivals[rows] <= day
        confidence = np.where(
            self.by_version[rows] == self.live.number, self.live.confidence[rows], 1.0
        )
        return Window(
            images=self.production.images[rows],
            predicted=self.answers[rows],
            labels=np.where(arrived, self.labels[rows], ""),
            confidence=confidence,
            versions=self.by_version[rows].astype(str),
            times=rows + 1,
            senders=np.where(arrived & (self.labels[rows] != ""), "operator", ""),
        )

    def _late_labels(self, day: float) -> Rows:
        """Return plausible labels that came after the decision on their window."""
        recent = self.production.days >= day - EARLIER_DAYS
        late = recent & (self.arrivals <= day) & (self.arrivals > self.decided_on)
        rows = np.flatnonzero(late & (self.labels != ""))
        known = {
            image.tobytes() for image in self.live.loop.faces.images[self.live.loop.split.train]
        }
        new = [row for row in rows if self.production.images[row].tobytes() not in known]
        window = self._window(np.array(new, dtype=np.intp), day)
        usable = self.live.loop.verify(window).usable(window).labelled
        return np.array(new, dtype=np.intp)[usable]

    def _ask(self, rows: Rows, day: float) -> None:
        """Ask an operator to label the latest faces of a window, if nobody is at it."""
        waiting = (self.arrivals > day) & (self.arrivals <= day + ANSWERED_AFTER)
        if waiting.sum() >= ASKED // 2:
            return
        asked = rows[self.arrivals[rows] > day][-ASKED:]
        self.labels[asked] = np.where(
            self.production.enrolled[asked], self.production.people[asked], ""
        )
        self.arrivals[asked] = day + ANSWERED_AFTER
        self.asked += len(asked)

    def _retrain(self, rows: Rows, end: int) -> None:
        """Train a version with more faces; if the gate promotes it, it is released."""
        loop = self.live.loop.copy()
        decision = loop.retrain(self.production.images[rows], self.labels[rows])
        self.retrainings += 1
        if not decision.promoted:
            # The monitor asks again; the other tests do so anyway.
            self.reported = self.reported and self.trigger != "monitor"
            return
        candidate = Version(loop, self.retrainings + 1, self.production)
        if self.canary:
            self.release = Release(candidate, self.live, end)
        else:
            self._go_live(candidate)

    def _go_live(self, version: Version) -> None:
        self.went_live += version.number > self.live.number
        if self.trigger == "accuracy":
            self.window_start = int((self.by_version > 0).sum())
        self.live, self.monitor, self.reported = version, version.monitor, False

    def _is_releasing(self) -> bool:
        return self.release is not None and self.release.phase in (Phase.SHADOW, Phase.CANARY)

    def _advance(self, day: float, end: int) -> None:
        """Let a canary release advance or go back."""
        release = self.release
        assert release is not None
        evidence = weigh(self._pair(release, day, end), LIMITS, release.live_since, 0)
        phase = canary_policy.decide(release.phase, evidence, LIMITS).phase
        if phase == Phase.WATCH and release.phase != Phase.WATCH:
            release.live_since = end - 1
            self._go_live(release.candidate)
        if phase == Phase.ROLLED_BACK and release.phase == Phase.WATCH:
            self._go_live(release.previous)
        release.phase = phase
        if not phase.is_active:
            self.release = None

    def _pair(self, release: Release, day: float, end: int) -> PairedAnswers:
        rows = np.arange(release.since, end)
        new, old = release.candidate.predicted[rows], release.previous.predicted[rows]
        labels = np.where(self.arrivals[rows] <= day, self.labels[rows], "")
        classifier = self.witness.classifier

        def similar(selected: Rows, names: NDArray[np.str_]) -> NDArray[np.float64]:
            means = classifier.means_[np.searchsorted(classifier.classes_, names)]
            embedded = self.witness.embed(self.production.images[rows[selected]])
            return np.asarray((embedded * means).sum(axis=1))

        outcomes, unjudged = judge(new, old, labels, similar)
        never = np.zeros(len(rows), dtype=bool)
        by_candidate = self.by_version[rows] == release.candidate.number
        known = len(classifier.classes_)
        return PairedAnswers(outcomes, unjudged, old, never, never, by_candidate, rows, known)
