"""Check that a webhook for alerts is configured and reachable. Nothing is posted."""

from urllib.parse import urlsplit

from components.checks import TIMEOUT_SECONDS, CheckFailed

UPDATE = "zenml secret update alerts --url=…"


def check_webhook(configured: str | None) -> str:
    """Check that the host of a webhook's URL responds.

    Args:
        configured: The URL, a reference to a secret such as {{alerts.url}}, or None.

    Returns:
        The host that alerts are sent to. The rest of the URL is a secret.

    Raises:
        CheckFailed: If there is no URL, or if its host does not respond.
    """
    import requests

    if not configured:
        raise CheckFailed(
            "no URL: nobody is alerted about drift or failed runs",
            "zenml secret create alerts --url=… && python run.py --register-stacks",
        )
    url = urlsplit(_resolve(configured))
    if url.scheme not in ("http", "https") or not url.hostname:
        raise CheckFailed("the webhook's URL does not start with https://", UPDATE)
    try:
        requests.head(f"{url.scheme}://{url.netloc}", timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        raise CheckFailed(
            f"{url.hostname} does not respond: {type(error).__name__}", UPDATE
        ) from error
    return f"webhook on {url.hostname}"


def _resolve(configured: str) -> str:
    from zenml.client import Client
    from zenml.utils.secret_utils import is_secret_reference, parse_secret_reference

    if not is_secret_reference(configured):
        return configured
    reference = parse_secret_reference(configured)
    secret = Client().get_secret(reference.name, allow_partial_name_match=False)
    return str(secret.secret_values[reference.key])
