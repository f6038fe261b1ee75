"""Small typed records as JSON artifacts."""

from typing import Any, ClassVar

from pydantic import TypeAdapter
from zenml.enums import ArtifactType

from faces.data.traffic import TrafficSummary
from faces.drift.monitoring import MonitoringResult
from faces.drift.policy import DriftDecision
from faces.evaluation.canary_release import CanaryRelease, CanaryStep
from faces.evaluation.feedback_verification import FeedbackVerification
from store.materializers.base import FileMaterializer
from store.records import (
    Alert,
    ApprovalRequest,
    ApprovedLabels,
    AuditTrail,
    BatchResult,
    Deployment,
    ErasurePlan,
    ErasureReceipt,
    OpenSetResult,
    Promotion,
    Reproduction,
    Rollout,
    SearchResult,
    TrialPlan,
    TrialResult,
)


class RecordMaterializer(FileMaterializer):
    """A frozen dataclass as JSON, checked against its type when it is read."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (
        Alert,
        ApprovalRequest,
        ApprovedLabels,
        AuditTrail,
        BatchResult,
        CanaryRelease,
        CanaryStep,
        Deployment,
        DriftDecision,
        ErasurePlan,
        ErasureReceipt,
        FeedbackVerification,
        MonitoringResult,
        OpenSetResult,
        Promotion,
        Reproduction,
        Rollout,
        SearchResult,
        TrialPlan,
        TrialResult,
        TrafficSummary,
    )
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, record: Any) -> None:
        """Write record.json. See BaseMaterializer."""
        adapter = TypeAdapter(type(record))
        self.write("record.json", adapter.dump_json(record, indent=2))

    def load(self, data_type: type[Any]) -> Any:
        """Read what `save` wrote, and check it against its type. See BaseMaterializer."""
        return TypeAdapter(data_type).validate_json(self.read("record.json"))
