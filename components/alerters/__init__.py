"""Custom alerter flavors of ZenML: a log file, or a webhook."""

FLAVORS = {
    "log": "components.alerters.log.LogFlavor",
    "webhook": "components.alerters.webhook.WebhookFlavor",
}
"""Import path of each flavor's class, by name."""
