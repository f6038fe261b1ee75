"""Alerts as JSON to a URL: Slack, Mattermost, Google Chat, Discord, or a service of one's own."""

import time
from typing import cast

import requests
from zenml.alerter import BaseAlerter, BaseAlerterFlavor
from zenml.alerter.base_alerter import BaseAlerterConfig, BaseAlerterStepParameters
from zenml.utils.secret_utils import SecretField

MAX_TRIES = 3
TIMEOUT_SECONDS = 5.0
"""Seconds that one try may take."""


class WebhookConfig(BaseAlerterConfig):
    """`url`: a secret, since who has it can post. `{{alerts.url}}` keeps it in ZenML's store."""

    url: str = SecretField()


class WebhookAlerter(BaseAlerter):
    """Posts {"text": …, "content": …}: the first is what most chats read, the second Discord."""

    def post(self, message: str, params: BaseAlerterStepParameters | None = None) -> bool:
        """Send it, up to three times; False if nobody took it."""
        url = cast(WebhookConfig, self.config).url
        for attempt in range(MAX_TRIES):
            if attempt:
                time.sleep(2 ** (attempt - 1))
            try:
                answer = requests.post(
                    url, json={"text": message, "content": message}, timeout=TIMEOUT_SECONDS
                )
            except requests.RequestException:
                continue
            if answer.ok:
                return True
            if answer.status_code < 500 and answer.status_code != 429:
                return False
        return False


class WebhookFlavor(BaseAlerterFlavor):
    """A URL."""

    @property
    def name(self) -> str:
        """The name in a stack's YAML."""
        return "webhook"

    @property
    def config_class(self) -> type[WebhookConfig]:
        """Its configuration."""
        return WebhookConfig

    @property
    def implementation_class(self) -> type[WebhookAlerter]:
        """The alerter."""
        return WebhookAlerter
