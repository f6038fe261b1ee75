"""The deployer flavor `seldon_local`."""

from typing import TYPE_CHECKING

from zenml.model_deployers.base_model_deployer import (
    BaseModelDeployerConfig,
    BaseModelDeployerFlavor,
)
from zenml.utils import source_utils

if TYPE_CHECKING:
    from components.deployers.seldon_local.deployer import SeldonLocalDeployer


class SeldonLocalConfig(BaseModelDeployerConfig):
    """No settings: those of the endpoint are in configs/deployment.yaml."""

    @property
    def is_local(self) -> bool:
        """Whether it deploys to this machine: yes."""
        return True


class SeldonLocalFlavor(BaseModelDeployerFlavor):
    """Seldon's wrapper in a separate environment, as a process that outlives the terminal."""

    @property
    def name(self) -> str:
        """The name in a stack's YAML."""
        return "seldon_local"

    @property
    def config_class(self) -> type[SeldonLocalConfig]:
        """The class of its configuration."""
        return SeldonLocalConfig

    @property
    def implementation_class(self) -> type["SeldonLocalDeployer"]:
        """The class of its deployer, imported on first use.

        ZenML's commands have the checkout on the import path only while ZenML itself loads a
        class, so a plain import of the deployer would fail there.
        """
        deployer: type[SeldonLocalDeployer] = source_utils.load(
            "components.deployers.seldon_local.deployer.SeldonLocalDeployer"
        )
        return deployer
