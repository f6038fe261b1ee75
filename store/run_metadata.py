"""What ZenML's dashboard shows about a run: its figures and decisions."""

from collections.abc import Mapping

from zenml import bulk_log_metadata, get_step_context
from zenml.metadata.metadata_types import MetadataType
from zenml.models import PipelineRunIdentifier, StepRunIdentifier

from store.deployments import now
from store.users import user_name


def describe_run(title: str, values: Mapping[str, MetadataType | None]) -> None:
    """Attach values to the running step and to its pipeline run.

    They are one entry, because ZenML's database takes two transactions for each. Who ran the step
    and when is part of it.

    Args:
        title: Name of the entry, such as "training".
        values: Values by name; those that are None are left out, and decimals are rounded to
            four digits.
    """
    context = get_step_context()
    entry = {"who": user_name(), "when": now()} | {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in values.items()
        if value is not None
    }
    bulk_log_metadata(
        metadata={title: entry},
        pipeline_runs=[PipelineRunIdentifier(id=context.pipeline_run.id)],
        step_runs=[StepRunIdentifier(id=context.step_run.id)],
    )
