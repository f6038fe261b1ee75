"""Enrol a person from pictures: check them, train with the faces, and deploy if the gate promotes.

The settings are those of the version in production. If the gate refuses, nothing is kept.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser
from faces.errors import OperationError, UserError

if TYPE_CHECKING:
    from components.settings import Settings

DEFAULT_MODEL = "fisher"
"""The recogniser if none is in production: the best one for photos."""

EXAMPLES = """\
examples:
  python run.py enrol Ada 1.jpg 2.jpg 3.jpg     # three to ten pictures, one face in each
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and enrol a person.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("enrol", __doc__, EXAMPLES)
    parser.add_argument("name", help="the person, who has consented to be recognised")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help="picture files")
    args = parser.parse_args(arguments)
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(lambda: enrol(args.name, args.pictures))


def enrol(name: str, pictures: Sequence[Path]) -> None:
    """Enrol a person: both pipelines run in this process.

    Args:
        name: The person.
        pictures: Picture files with one face each.

    Raises:
        UserError: If the name or a picture cannot be used, or there are too few or too many.
        OperationError: If the gate does not promote the version.
    """
    from app.enrolment import check_picture, discard_files, keep_faces
    from faces.data.enrolment import MAX_PICTURES, MIN_PICTURES

    if not MIN_PICTURES <= len(pictures) <= MAX_PICTURES:
        raise UserError(
            f"{MIN_PICTURES} to {MAX_PICTURES} pictures are needed, not {len(pictures)}"
        )
    kept = keep_faces(name, [check_picture(file).image for file in pictures])
    try:
        _train()
    except BaseException:
        discard_files(kept)
        raise
    _deploy()


def _train() -> None:
    from cli.console import make_console
    from cli.runner import run_pipeline
    from pipelines.shared.training_summary import TrainingSummary

    console = make_console(stderr=True)
    summary = run_pipeline("training", training_settings(), None, True, console)
    assert isinstance(summary, TrainingSummary)
    model = summary.model
    if not model.promoted:
        raise OperationError(f"version {model.version} is not in production: {model.reason}")


def _deploy() -> None:
    from cli.console import make_console
    from cli.runner import run_pipeline
    from cli.settings import read_settings
    from cli.summaries import print_summary

    settings = read_settings("deployment")
    summary = run_pipeline("deployment", settings, None, True, make_console(stderr=True))
    print_summary(summary, make_console())


def training_settings() -> "Settings":
    """Return the settings of the version in production, with the enrolled people."""
    from cli.settings import read_settings
    from pipelines.shared.training_settings import TrainingSettings
    from store.enrolled_people import enrolment_folder
    from store.versions import production_version

    folder = str(enrolment_folder())
    version = production_version()
    recorded = version.run_metadata.get("settings") if version else None
    if recorded is None:
        return read_settings("training", options={"model": DEFAULT_MODEL, "enrolled": folder})
    settings = TrainingSettings.model_validate(recorded)
    data = settings.data.model_copy(update={"enrolled": folder})
    return settings.model_copy(update={"data": data})
