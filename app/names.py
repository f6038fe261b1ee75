"""Names of people as visitors type them."""

from collections.abc import Collection

from faces.errors import UserError, did_you_mean


def complete_name(text: str, known: Collection[str]) -> str:
    """Complete the beginning of a name, if it is that of one person.

    Args:
        text: What was typed.
        known: The enrolled people.

    Returns:
        The name.

    Raises:
        UserError: If it is none of the names, or the beginning of several.
    """
    typed = text.strip()
    if typed in known:
        return typed
    matches = [name for name in known if name.casefold().startswith(typed.casefold())]
    if typed and len(matches) == 1:
        return matches[0]
    if typed and matches:
        raise UserError(f"'{typed}' is the beginning of {len(matches)} names: type more of it")
    nearest = did_you_mean(typed, known)
    raise UserError(f"nobody called '{typed}' is enrolled: {nearest}choose from the list")
