"""What a refusal of Google's means to a person."""

from collections.abc import Iterator

from components.clouds.gcp import LOGIN
from faces.errors import OperationError

REFUSALS = (
    (
        {"DefaultCredentialsError", "RefreshError", "Unauthorized", "Unauthenticated"},
        "Google does not know who asks",
        LOGIN,
    ),
    (
        {"ResourceExhausted", "TooManyRequests"},
        "a quota of Google's is used up",
        "wait, or ask for more: IAM & Admin, Quotas",
    ),
    (
        {"PermissionDenied", "Forbidden"},
        "Google refused",
        "python run.py --doctor --stack gcp checks each part; roles: infra/gcp/identities.tf",
    ),
    (
        {"NotFound"},
        "Google has no such thing",
        "are GCP_PROJECT, GCP_REGION and GCP_BUCKET right?",
    ),
    (
        {"ServiceUnavailable", "GatewayTimeout", "DeadlineExceeded", "RetryError"},
        "Google did not answer",
        "try again",
    ),
)
"""Exceptions of google.auth and google.api_core, by name so that neither is imported for it."""


def translate_gcp_error(error: BaseException) -> OperationError | None:
    """What it means, in one line with a remedy; None if it is no refusal of Google's.

    ZenML wraps what the clients raise, so the causes are looked at too.
    """
    for cause in _causes(error):
        kinds = {kind.__name__ for kind in type(cause).__mro__}
        for names, what, remedy in REFUSALS:
            if kinds & names:
                said = " ".join(str(cause).split())[:300]
                return OperationError(f"{what}: {said}: {remedy}")
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
