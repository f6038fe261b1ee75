"""Settings of a training, which retraining, sweeps and erasures use, too."""

from typing import Annotated, Self

from pydantic import Field, field_validator

from components.settings import CommandLine
from faces.data.sources import is_synthetic
from faces.drift.detectors import detector_names
from faces.errors import UserError, require_choice
from faces.models import ModelParams
from faces.models.quantization import NONE, QUANTIZATIONS
from pipelines.shared.model_settings import model_params
from pipelines.shared.settings import DatasetSettings
from store.data_versions import is_data_version

SHARDED_MODEL = "fisher"
"""The recogniser that can be trained on shards."""


class TrainingSettings(DatasetSettings):
    """Settings of the training pipeline."""

    model: Annotated[str, CommandLine(metavar="NAME")] = Field(
        default="svm", description="recogniser: a module of faces/models/recognisers"
    )
    params: ModelParams = Field(
        default_factory=dict, description="parameters that differ from the recogniser's defaults"
    )
    drift_detector: Annotated[str, CommandLine("detector", "NAME")] = Field(
        default="moments", description="drift detector that is fitted for the version"
    )
    quantization: Annotated[str, CommandLine(metavar="Q")] = Field(
        default=NONE,
        description="how the model's file stores the weights: none (float32), float16 or int8; "
        "less is quantized if answers or confidence would change",
    )
    shards: Annotated[int, CommandLine(metavar="N")] = Field(
        default=0,
        ge=0,
        description="train fisher on N shards of the data, each in a separate job or process; 0: "
        "on one machine",
    )

    @field_validator("quantization")
    @classmethod
    def _check_quantization(cls, name: str) -> str:
        return require_choice("quantization", name, QUANTIZATIONS)

    @field_validator("drift_detector")
    @classmethod
    def _check_detector(cls, name: str) -> str:
        return require_choice("drift detector", name, detector_names())

    def complete(self, config: str) -> Self:
        """Check condition and parameters; fill in the recogniser's defaults. See Settings."""
        if self.shards:
            self._check_shards()
            settings = self
        else:
            settings = super().complete(config)
        params = model_params(self.model, self.params, config)
        return settings.model_copy(update={"params": {**params, "seed": self.seed}})

    def _check_shards(self) -> None:
        if self.model != SHARDED_MODEL:
            raise UserError(
                f"--shards {self.shards}: only {SHARDED_MODEL} can be trained on shards, not "
                f"{self.model}: add --model {SHARDED_MODEL}"
            )
        if is_synthetic(self.data.source) and self.shards > self.data.people:
            raise UserError(
                f"--shards {self.shards}: there are {self.data.people} people: choose --shards "
                f"{self.data.people}, or set data.people"
            )
        if self.data.enrolled or is_data_version(self.data.source):
            raise UserError(
                f"--shards {self.shards}: shards are read from --data only, which is a source, a "
                "folder or gs://…: leave out --enrolled and version:ID"
            )
