"""How an alert reads, and what webhooks of chats receive. Standard library only."""


def alert_line(summary: str, severity: str, resolved: bool) -> str:
    """Describe an alert in one line.

    Args:
        summary: What happened; after ": ", what to do about it.
        severity: Such as "critical".
        resolved: Whether the alert has ended.

    Returns:
        Such as "Critical: The endpoint does not answer: python run.py endpoint".
    """
    if resolved:
        return f"Resolved: {summary.partition(': ')[0]}"
    return f"{severity.capitalize()}: {summary}"


def webhook_body(message: str) -> dict[str, str]:
    """Return what to post as JSON: most chats read `text`, Discord reads `content`.

    Args:
        message: The alert.
    """
    return {"text": message, "content": message}
