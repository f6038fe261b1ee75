"""Alerter flavors of ZenML: who is told when the loop needs a person, and how."""

FLAVORS = {
    "log": "components.alerters.log.LogFlavor",
    "webhook": "components.alerters.webhook.WebhookFlavor",
}
"""The flavors of this project, by name, for `stacks` to register."""
