"""Find the pipelines: the modules of the package `pipelines`."""

import ast
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import pipelines
from faces.errors import require_choice

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

    from components.settings import Settings
    from pipelines.shared.summary import Summary


class PipelineModule(Protocol):
    """What the module of a pipeline defines, beside the pipeline's function.

    Attributes:
        SETTINGS: The class of its settings.
    """

    SETTINGS: type["Settings"]

    @staticmethod
    def summarize(run: "PipelineRunResponse") -> "Summary":
        """Summarize a finished run.

        Args:
            run: A run of this pipeline that succeeded.

        Returns:
            A summary; its class defines the schema of `--summary`.
        """
        ...


def pipeline_names() -> list[str]:
    """Return the names of the pipelines, sorted, without importing them."""
    modules = pkgutil.iter_modules(pipelines.__path__)
    return sorted(module.name for module in modules if not module.ispkg)


def describe_pipeline(name: str) -> str:
    """Return the first line of a pipeline's docstring, without importing it.

    Args:
        name: The pipeline.
    """
    file = Path(pipelines.__path__[0]) / f"{name}.py"
    docstring = ast.get_docstring(ast.parse(file.read_bytes())) or ""
    return docstring.split("\n", 1)[0]


def load_pipeline(name: str) -> PipelineModule:
    """Import a pipeline's module.

    Args:
        name: The pipeline.

    Returns:
        The module, which also has the pipeline's function under the pipeline's name.

    Raises:
        UserError: If there is no such pipeline; the message lists the choices.
    """
    module = import_module(f"pipelines.{require_choice('pipeline', name, pipeline_names())}")
    return cast(PipelineModule, module)
