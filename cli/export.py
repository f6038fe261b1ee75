"""Write a version's model to a file: for numpy (.npz), or as an ONNX graph (.onnx)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli import runtime_env
from cli.exit_codes import exit_code
from cli.subcommand import make_parser
from faces.errors import OperationError, UserError, did_you_mean
from pipelines.shared.output_file import check_output_file, write_owner_only

if TYPE_CHECKING:
    from faces.runtime.portable import PortableModel

NUMPY, ONNX = ".npz", ".onnx"

TOLERANCE = 1e-5
"""Largest difference of a probability that is accepted of a converted model."""

EXAMPLES = """\
examples:
  python run.py export faces.onnx                    # the production version, for ONNX runtimes
  python run.py export faces.onnx --version 3
  python run.py export faces.npz                     # for faces.runtime.portable, numpy only

The ONNX graph maps `pixels`, float32 (n, 4096) in [0, 1], to `probabilities` (n, people) and
`scores` (n,). Its metadata has the names (`classes`, a JSON list) and `rejection_threshold`: a face
whose score is lower is of nobody the model knows. It does not check whether an image is a face, as
endpoints do.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and write the file.

    Args:
        arguments: The command line without the command; None for that of the process.

    Returns:
        The exit code, see `exit_code`.
    """
    parser = make_parser("export", __doc__, EXAMPLES)
    parser.add_argument("file", type=Path, help=f"ends in {ONNX} or {NUMPY}; replaced if it exists")
    parser.add_argument(
        "--version",
        default="production",
        metavar="N",
        help="a version's number; default: production",
    )
    args = parser.parse_args(arguments)
    runtime_env.set_defaults()
    runtime_env.silence_framework_logs()
    return exit_code(lambda: export(args.file, args.version))


def export(file: Path, version: str) -> None:
    """Write the model of a version to a file, and check the result.

    Args:
        file: The file; its suffix selects the format.
        version: The version's number, or "production".

    Raises:
        UserError: If the file cannot be written, its suffix is neither format, there is no such
            version, or the packages for ONNX are not installed.
        OperationError: If the ONNX graph does not predict what the model does.
    """
    if file.suffix not in (NUMPY, ONNX):
        raise UserError(
            f"{file}: the suffix selects the format: {did_you_mean(file.suffix, (NUMPY, ONNX))}"
            f"{ONNX} or {NUMPY}"
        )
    check_output_file("export", file)
    if file.suffix == ONNX:
        _require_onnx()
    from faces.runtime.portable import write_portable
    from store.production import choose_version
    from store.versions import load_artifact

    found = choose_version(version)
    model: PortableModel = load_artifact(found, "portable")
    if file.suffix == NUMPY:
        write_owner_only(file, write_portable(model))
        print(f"wrote version {found.number}, {len(model.classes)} people, to {file}")
        return
    data, difference = _as_onnx(model)
    write_owner_only(file, data)
    print(
        f"wrote version {found.number}, {len(model.classes)} people, to {file}\n"
        f"verified with onnxruntime: probabilities differ by at most {difference:.0e}"
    )


def _require_onnx() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise UserError("ONNX files need more packages: make setup-onnx") from error


def _as_onnx(model: "PortableModel") -> tuple[bytes, float]:
    """Convert a model; return the file's content, and how much its probabilities differ."""
    import numpy as np
    import onnxruntime

    from faces.data.dataset import load_faces
    from faces.models.onnx_export.convert import INPUT, PROBABILITIES, convert_model

    data = convert_model(model).SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    pixels = load_faces("synthetic", people=16, images=4).pixels
    (probabilities,) = session.run([PROBABILITIES], {INPUT: pixels})
    difference = float(np.abs(probabilities - model.predict_proba(pixels)).max())
    if difference > TOLERANCE:
        raise OperationError(
            f"the ONNX graph's probabilities differ from the model's by {difference:.0e}, "
            f"more than {TOLERANCE:.0e}: nothing was written"
        )
    return data, difference
