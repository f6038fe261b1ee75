"""Alerts as JSON to a URL: Slack, Mattermost, Google Chat, Discord, or any other service."""

from typing import cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry
from zenml.alerter import BaseAlerter, BaseAlerterFlavor
from zenml.alerter.base_alerter import BaseAlerterConfig, BaseAlerterStepParameters
from zenml.utils.secret_utils import SecretField

from serving.alert_message import webhook_body

MAX_TRIES = 3
TIMEOUT_SECONDS = 5.0
"""Seconds that one try may take."""

BACKOFF_SECONDS = 1.0
"""Seconds before the third try are twice this; the second follows the first at once."""


class WebhookConfig(BaseAlerterConfig):
    """Configuration of the flavor `webhook`."""

    url: str = SecretField(
        default="",
        description="URL to post to; secret, since anyone who has it can post: '{{alerts.url}}'",
    )


class WebhookAlerter(BaseAlerter):
    """Posts {"text": …, "content": …}, see `webhook_body`."""

    def post(self, message: str, params: BaseAlerterStepParameters | None = None) -> bool:
        """Send a message, in up to three tries.

        Args:
            message: The alert.
            params: Not used.

        Returns:
            Whether the service accepted the message.
        """
        url = cast(WebhookConfig, self.config).url
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=_retries()))
            try:
                response = session.post(url, json=webhook_body(message), timeout=TIMEOUT_SECONDS)
                return response.ok
            except requests.RequestException:
                return False


def _retries() -> Retry:
    """Return a policy: retry after connection errors, 429 (too many requests) and server errors.

    A server's Retry-After is ignored: it may ask for hours.
    """
    return Retry(
        total=MAX_TRIES - 1,
        allowed_methods=None,
        status_forcelist=(429, *range(500, 600)),
        backoff_factor=BACKOFF_SECONDS,
        raise_on_status=False,
        respect_retry_after_header=False,
    )


class WebhookFlavor(BaseAlerterFlavor):
    """A webhook."""

    @property
    def name(self) -> str:
        """The flavor's name in a stack's YAML."""
        return "webhook"

    @property
    def config_class(self) -> type[WebhookConfig]:
        """Class of the configuration."""
        return WebhookConfig

    @property
    def implementation_class(self) -> type[WebhookAlerter]:
        """Class of the alerter."""
        return WebhookAlerter
