"""The flavor that `zenml model-deployer` knows."""

from typing import TYPE_CHECKING

from zenml.model_deployers.base_model_deployer import (
    BaseModelDeployerConfig,
    BaseModelDeployerFlavor,
)

if TYPE_CHECKING:
    from components.deployers.seldon_local.deployer import SeldonLocalDeployer


class SeldonLocalConfig(BaseModelDeployerConfig):
    """Nothing to configure on the stack: the endpoint is what configs/deployment.yaml says."""

    @property
    def is_local(self) -> bool:
        """It runs on this machine."""
        return True


class SeldonLocalFlavor(BaseModelDeployerFlavor):
    """Seldon's wrapper in an environment of its own, as a process that outlives the terminal."""

    @property
    def name(self) -> str:
        """The name in a stack's YAML."""
        return "seldon_local"

    @property
    def config_class(self) -> type[SeldonLocalConfig]:
        """Its configuration."""
        return SeldonLocalConfig

    @property
    def implementation_class(self) -> type["SeldonLocalDeployer"]:
        """The deployer, imported when it is used."""
        from components.deployers.seldon_local.deployer import SeldonLocalDeployer

        return SeldonLocalDeployer
