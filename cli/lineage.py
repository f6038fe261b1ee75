"""Show what led to an answer of the endpoint, or who and what is in a version."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser
from faces.errors import UserError
from faces.runtime.portable import UNKNOWN
from serving.attestation import UntrustedModelError, verify_model

if TYPE_CHECKING:
    import pandas as pd
    from zenml.models import ModelVersionResponse

EXAMPLES = """\
examples:
  python run.py lineage 35704c31c9a0a24ff1d49b5ca8005512   # the request of an answer (puid)
  python run.py lineage --version 7                        # who is in version 7, and its commit
"""

SHOWN_IMAGES = 12
ID_DIGITS = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, and show the lineage.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("lineage", __doc__, EXAMPLES)
    parser.add_argument("request", nargs="?", help="id of a captured request")
    parser.add_argument("--version", type=int, metavar="N", help="a version instead")
    args = parser.parse_args(arguments)
    if (args.request is None) == (args.version is None):
        parser.error("name a request, or --version N")
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    if args.version is None:
        return exit_code(lambda: print_lineage(args.request))
    return exit_code(lambda: print_version(args.version))


def print_version(number: int) -> None:
    """Print what a version was made from, and who is in it.

    Args:
        number: The version's number.

    Raises:
        UserError: If it was deleted.
    """
    from cli.console import make_console
    from cli.summaries import print_rows
    from store.versions import load_artifact, require_version

    version = require_version(number)
    faces, split = load_artifact(version, "faces"), load_artifact(version, "split")
    people, counts = np.unique(faces[split.train].labels, return_counts=True)
    listed = ", ".join(f"{who} ({count})" for who, count in zip(people, counts, strict=True))
    rows = {**dict(_version_rows(version)), "people (images)": escape(listed)}
    print_rows(rows, make_console())


def print_lineage(request: str) -> None:
    """Print what led to the answer to a request.

    Args:
        request: The request's id (puid).

    Raises:
        UserError: If no captured request has this id, or its version was deleted.
    """
    from cli.console import make_console
    from cli.summaries import print_rows
    from components.deployers.base import active_deployer
    from faces.drift.captured_requests import read_captured_requests
    from serving.capture.reader import read_files
    from store.versions import require_version

    places = active_deployer().captured()
    table = read_captured_requests(read_files(places)).table
    found = table[table["request"] == request]
    if found.empty:
        raise UserError(f"no request {request} in {', '.join(places)}")
    version = require_version(int(found["version"].iloc[0]))
    rows = {"request": request, **_answers(found), **dict(_version_rows(version))}
    for person in sorted(set(found["predicted"]) - {UNKNOWN}):
        rows |= _training_images(version, person)
    print_rows(rows, make_console())


def _answers(found: "pd.DataFrame") -> dict[str, str]:
    rows = {}
    for row in found.itertuples():
        label = f", labelled {row.label} by {row.sender or 'unknown'}" if row.label else ""
        rows[f"face {row.face}"] = escape(f"{row.predicted} ({row.confidence:.1%}){label}")
    return {"time": found["time"].iloc[0].strftime("%Y-%m-%d %H:%M:%S UTC"), **rows}


def _version_rows(version: "ModelVersionResponse") -> Iterator[tuple[str, str]]:
    """Yield what is recorded with a version, by title."""
    from store.production import GATE
    from store.provenance import PROVENANCE

    recorded: dict[str, Any] = dict(version.run_metadata)
    made = recorded.get(PROVENANCE, {})
    yield "version", f"{version.number}, model {recorded['portable_hash'][:ID_DIGITS]}"
    yield "signed", _signed(recorded, version.number)
    yield "gate", escape(str(recorded.get(GATE, "no decision")))
    yield "data version", str(recorded["data_version"])
    yield "model", escape(f"{recorded['settings']['model']}, seed {recorded['settings']['seed']}")
    yield "commit", str(made.get("commit", "not recorded"))
    yield "code, pins", f"{made.get('code', '-')}, {made.get('pins', '-')}"
    yield "packages", ", ".join(f"{k} {v}" for k, v in made.items() if k in PACKAGES)


PACKAGES = ("python", "numpy", "scipy", "scikit-learn")


def _signed(recorded: dict[str, Any], number: int) -> str:
    from store.signing import STATEMENTS, public_key_of, signing_key

    key = signing_key()
    if key is None:
        return "there is no signing key"
    try:
        lines = str(recorded.get(STATEMENTS, "")).splitlines()
        verify_model(lines, public_key_of(key), str(number), recorded["portable_hash"])
    except UntrustedModelError as error:
        return f"[yellow]no: {escape(str(error))}[/]"
    return "provenance and gate decision, with the present key"


def _training_images(version: "ModelVersionResponse", person: str) -> dict[str, str]:
    """Return the ids of a person's training images, with the senders of learned labels."""
    from store.versions import load_artifact

    faces, split = load_artifact(version, "faces"), load_artifact(version, "split")
    train = faces[split.train]
    own = np.flatnonzero(train.labels == person)
    ids = [image[:ID_DIGITS] for image in train.ids[own]]
    more = f" and {len(ids) - SHOWN_IMAGES} more" if len(ids) > SHOWN_IMAGES else ""
    rows = {f"images of {person}": f"{len(ids)}: {', '.join(ids[:SHOWN_IMAGES])}{more}"}
    learned = [] if train.origins is None else [i for i in own if train.origins[i]]
    if learned:
        senders = [] if train.senders is None else sorted({train.senders[i] for i in learned})
        names = ", ".join(name or "unknown" for name in senders)
        rows[f"learned of {person}"] = escape(f"{len(learned)} labels, sent by {names}")
    return rows
