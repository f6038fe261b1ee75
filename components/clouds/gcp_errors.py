"""Translate errors of Google's APIs into one line with a remedy."""

from components.clouds.causes import causes
from faces.errors import OperationError

LOGIN = "gcloud auth application-default login"

REMEDIES = (
    (
        {"DefaultCredentialsError", "RefreshError", "Unauthorized", "Unauthenticated"},
        "Google rejected the credentials",
        LOGIN,
    ),
    (
        {"ResourceExhausted", "TooManyRequests"},
        "a Google Cloud quota is exhausted",
        "wait, or request an increase: IAM & Admin, Quotas",
    ),
    (
        {"PermissionDenied", "Forbidden"},
        "Google denied permission",
        "python run.py --doctor --stack gcp checks every component; roles: infra/gcp/identities.tf",
    ),
    (
        {"NotFound"},
        "Google found no such resource",
        "are GCP_PROJECT, GCP_REGION and GCP_BUCKET right?",
    ),
    (
        {"ServiceUnavailable", "GatewayTimeout", "DeadlineExceeded", "RetryError"},
        "Google did not respond",
        "try again",
    ),
    (
        {"InternalServerError", "BadGateway", "Unknown"},
        "Google reported an internal error",
        "try again; https://status.cloud.google.com shows outages",
    ),
    (
        {"GoogleAPICallError"},
        "Google rejected the request",
        "python run.py --doctor --stack gcp",
    ),
)
"""Exceptions of google.auth and google.api_core, by name so that neither need be imported."""


def translate_gcp_error(error: BaseException) -> OperationError | None:
    """Explain an error of Google's APIs in one line with a remedy.

    Args:
        error: Any exception. ZenML wraps what Google's clients raise, so its causes are examined,
            too.

    Returns:
        The error to raise instead, or None if no API of Google is the cause.
    """
    for cause in causes(error):
        kinds = {kind.__name__ for kind in type(cause).__mro__}
        for names, problem, remedy in REMEDIES:
            if kinds & names:
                details = " ".join(str(cause).split())[:300]
                return OperationError(f"{problem}: {details}: {remedy}")
    return None
