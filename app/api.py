"""The service: photos, feedback, people, versions, drift and approvals."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute

from app.backend import Backend
from app.commands import Command, run_pipeline
from app.recognition import recognise
from app.schemas import Answer, DriftCheck, Face, Feedback, Person, Recognition, WaitingRun
from app.version_info import VersionInfo
from faces.client import send_feedback
from faces.data.image_decoder import ImageRefused
from faces.errors import OperationError, UserError
from store.deployments import DecisionEntry

router = APIRouter(prefix="/api")


def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


@router.post(
    "/recognise",
    summary="Recognise every face in a photo",
    description="Recognise every face in a photo.",
)
def post_photo(request: Request, file: UploadFile) -> Recognition:
    """Recognise every face in a PNG, JPEG, PGM or WebP file.

    Args:
        request: The request.
        file: The photo.

    Returns:
        The faces.
    """
    backend = _backend(request)
    endpoint = backend.endpoint()
    found = recognise(file.file.read(), endpoint, backend.gallery(endpoint.version))
    version = found[0].version if found else None
    return Recognition(version=version, faces=[Face.of(face) for face in found])


@router.post(
    "/feedback",
    status_code=204,
    summary="Send the true label of a face",
    description="Send the true label of a face.",
)
def post_feedback(request: Request, feedback: Feedback) -> None:
    """Send the true label of a face that was recognised.

    Args:
        request: The request.
        feedback: The label.
    """
    endpoint = _backend(request).endpoint()
    headers = endpoint.require_feedback_headers()
    send_feedback(endpoint.url, feedback.request, [feedback.label], headers=headers)


@router.get("/people", summary="List the enrolled people")
def get_people(request: Request) -> list[Person]:
    """List the people whom the live version was trained on.

    Args:
        request: The request.

    Returns:
        The people; none if the version's data was deleted.
    """
    backend = _backend(request)
    gallery = backend.gallery(backend.endpoint().version)
    if gallery is None:
        return []
    counts: dict[str, int] = {}
    for name in gallery.enrolled.labels:
        counts[str(name)] = counts.get(str(name), 0) + 1
    return [Person(name=name, images=images) for name, images in sorted(counts.items())]


@router.get("/versions", summary="List the model versions")
def get_versions(request: Request) -> list[VersionInfo]:
    """List the model versions, newest first.

    Args:
        request: The request.

    Returns:
        The versions.
    """
    return _backend(request).versions()


@router.get(
    "/drift",
    summary="Return the last drift decision",
    description="Return the last drift decision.",
)
def get_drift(request: Request) -> DecisionEntry | None:
    """Return the last drift decision; null if there is none.

    Args:
        request: The request.

    Returns:
        The decision.
    """
    decisions = _backend(request).decisions()
    return decisions[-1] if decisions else None


@router.post("/drift", summary="Check for drift now")
async def post_drift() -> DriftCheck:
    """Run the drift detection on the faces since the last decision, and act on it.

    Returns:
        What was decided.
    """
    summary: dict[str, Any] = await run_pipeline("drift_detection")
    return DriftCheck(decision=summary["decision"], reason=summary["reason"])


@router.get(
    "/approvals",
    summary="List the runs that wait for an approval",
    description="List the runs that wait for an approval.",
)
def get_approvals(request: Request) -> list[WaitingRun]:
    """List the runs that wait for an approval on the active stack.

    Args:
        request: The request.

    Returns:
        The runs.
    """
    names = WaitingRun.model_fields
    return [
        WaitingRun(**{name: value for name, value in asdict(approval).items() if name in names})
        for approval in _backend(request).approvals()
    ]


@router.post("/approvals/{run}", status_code=204, summary="Approve or reject a waiting run")
async def post_approval(run: str, answer: Answer) -> None:
    """Approve or reject a run that waits; an approved version is deployed before this returns.

    Args:
        run: Name of the run.
        answer: The answer.

    Raises:
        OperationError: If no such run waits, or the version cannot be deployed.
    """
    option = "--approve" if answer.approve else "--reject"
    async for _ in Command(["review", f"{option}={run}"]).lines():
        pass


cards = APIRouter(include_in_schema=False)


@cards.get("/versions/{number}/card")
def get_model_card(request: Request, number: int) -> HTMLResponse:
    """Show the model card of a version.

    Args:
        request: The request.
        number: The version's number.

    Returns:
        An HTML page without scripts.

    Raises:
        HTTPException: 404 if there is no such version, or its model card was deleted.
    """
    try:
        return HTMLResponse(_backend(request).model_card(number))
    except (UserError, LookupError, FileNotFoundError) as error:
        raise HTTPException(404, str(error)) from error


for route in router.routes:
    if isinstance(route, APIRoute):  # otherwise, the description would be the docstring
        route.description = f"{route.summary}."


def add_error_handlers(app: FastAPI) -> None:
    """Answer errors that users can fix in one line, instead of 500.

    Args:
        app: The app.
    """

    async def answer(_: Request, error: Exception) -> JSONResponse:
        if isinstance(error, ImageRefused):
            return JSONResponse({"error": f"file: {error}"}, 422)
        return JSONResponse({"error": str(error)}, 409 if isinstance(error, UserError) else 502)

    app.add_exception_handler(UserError, answer)
    app.add_exception_handler(OperationError, answer)
