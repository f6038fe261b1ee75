"""Fitted scikit-learn estimators as artifacts."""

from typing import ClassVar

from zenml.enums import ArtifactType
from zenml.materializers.cloudpickle_materializer import CloudpickleMaterializer

from faces.models.protocol import Estimator


class EstimatorMaterializer(CloudpickleMaterializer):
    """ZenML's format for scikit-learn, without importing scikit-learn where a step is cached."""

    SKIP_REGISTRATION: ClassVar[bool] = True
    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Estimator,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL
