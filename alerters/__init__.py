"""Alerter flavors of ZenML: who is told when the loop needs a person, and how."""

FLAVORS = {"log": "alerters.log.LogFlavor", "webhook": "alerters.webhook.WebhookFlavor"}
"""The flavors of this project, by name, for `stacks` to register."""
