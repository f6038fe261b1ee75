"""Which version is in production, and whether the tracker's registry already names it."""

from zenml import log_metadata
from zenml.models import ModelVersionResponse

from faces.errors import UserError, unknown_choice
from store.versions import all_versions, find_version, production_version, set_production_stage

PRODUCTION = "production"
"""What a user names instead of a version's number."""

ALIAS, PENDING, CHAMPION = "registry_alias", "pending", "champion"
"""Metadata of a version: whether the tracker's registry calls it 'champion' yet."""

REGISTRY_VERSION = "registry_version"
"""Metadata of a version: its version in the tracker's registry, if that has one."""

GATE = "gate"
"""Metadata of a version: the promotion gate's first decision about it."""

ROLLED_BACK = "rolled_back"
"""Metadata of a version: why it was rolled back. Such a version is not promoted again."""


def set_production(version: ModelVersionResponse, instead_of: ModelVersionResponse | None) -> bool:
    """Put a version into production.

    The registry's alias is marked as pending first, so that a run that is killed in between is
    completed by the next one.

    Args:
        version: The version to promote.
        instead_of: The version that the caller found in production, None if there was none.

    Returns:
        False, and nothing is moved, if production is not `instead_of` any more.
    """
    log_metadata(metadata={ALIAS: PENDING}, model_version_id=version.id)
    return set_production_stage(version, instead_of=instead_of)


def record_gate_decision(version: ModelVersionResponse, reason: str) -> None:
    """Record what the promotion gate decided when the version was registered.

    A cached run asks the gate about the same version again. Its decision is an artifact of that
    run, and the one that was recorded with the version stays.

    Args:
        version: The candidate.
        reason: The gate's reason in one line, without names of people: a ZenML server keeps the
            metadata of deleted versions.
    """
    if GATE not in version.run_metadata:
        log_metadata(metadata={GATE: reason}, model_version_id=version.id)


def pending_champion() -> ModelVersionResponse | None:
    """Return the version in production if the tracker's registry does not name it yet."""
    version = production_version()
    if version is None or version.run_metadata.get(ALIAS) != PENDING:
        return None
    return version


def mark_champion(version: ModelVersionResponse) -> None:
    """Record that the tracker's registry names a version as the champion.

    Args:
        version: The version in production.
    """
    log_metadata(metadata={ALIAS: CHAMPION}, model_version_id=version.id)


def mark_rolled_back(version: ModelVersionResponse, reason: str) -> None:
    """Record that a version was rolled back; the promotion gate rejects it from then on.

    Args:
        version: The version that was live.
        reason: Why, in one line for the run's page and the timeline.
    """
    log_metadata(metadata={ROLLED_BACK: reason}, model_version_id=version.id)


def version_in_registry(registry_version: str) -> ModelVersionResponse | None:
    """Return the version with this version in the tracker's registry; None if it was deleted.

    Args:
        registry_version: As the tracker names it.
    """
    for version in all_versions():
        if str(version.run_metadata.get(REGISTRY_VERSION)) == registry_version:
            return version
    return None


def require_production() -> ModelVersionResponse:
    """Return the version in production.

    Raises:
        UserError: If there is none.
    """
    version = production_version()
    if version is None:
        raise UserError("no model is in production: python run.py --pipeline training")
    return version


def choose_version(name: str) -> ModelVersionResponse:
    """Return the version that a user named.

    Args:
        name: Its number, or "production".

    Raises:
        UserError: If there is none; the message lists the choices.
    """
    if name == PRODUCTION:
        return require_production()
    found = find_version(int(name)) if name.isdecimal() else None
    if found is None:
        numbers = [str(version.number) for version in all_versions()]
        raise UserError(unknown_choice("version", name, [*numbers, PRODUCTION]))
    return found
