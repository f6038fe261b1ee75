"""Find out which versions learned from what has to be erased, and what has to replace them."""

from typing import Annotated

from zenml import step

from components.deployers.base import active_deployer
from faces.data.removal import Removal, split_without
from faces.errors import UserError
from store.erasure.inventory import take_inventory
from store.erasure.register import pending_erasure, record_found
from store.materializers import RECORD
from store.records import ErasurePlan
from store.versions import load_artifact, production_version, require_version


@step(enable_cache=False, output_materializers={"erasure_plan": RECORD})
def plan_erasure() -> Annotated[ErasurePlan, "erasure_plan"]:
    """Search the data versions, and decide whether another version has to go live first.

    A run that continues one that was killed finds the other version in production or live, and
    plans only what is missing.

    Returns:
        Which version to train again, and whether to deploy. It holds no names.
    """
    pending = pending_erasure()
    found = take_inventory(pending)
    learned = record_found(found.versions, found.data_versions, {}).versions
    served = active_deployer().served_version()
    live, production = int(served) if served else None, production_version()
    number = production.number if production else None
    concerned = [version for version in (live, number) if version in learned]
    replaced = number is not None and number not in learned
    basis = concerned[0] if concerned and not replaced else None
    withdraw = basis is not None and not _can_train_without(basis, pending.removal)
    return ErasurePlan(
        basis=None if withdraw else basis,
        deploy=live in learned and not withdraw,
        production=number,
        withdraw=withdraw,
    )


def _can_train_without(number: int, removal: Removal) -> bool:
    """Return whether enough people would be left in a version's data."""
    version = require_version(number)
    settings = version.run_metadata["settings"]
    assert isinstance(settings, dict)
    split = {name: settings[name] for name in ("condition", "test_share", "seed")}
    try:
        split_without(load_artifact(version, "faces"), removal, **split)
    except UserError:
        return False
    return True
