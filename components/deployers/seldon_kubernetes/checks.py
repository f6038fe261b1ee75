"""Preflight check of a cluster: whether it responds and has Seldon Core."""

from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.model_deployers import BaseModelDeployer

from components.checks import CheckFailed
from faces.errors import OperationError, UserError


def check_cluster(name: str) -> str:
    """Check that the cluster of a registered model deployer responds.

    Args:
        name: The name of a component with the flavor seldon_kubernetes.

    Returns:
        A line that says which version is deployed.

    Raises:
        CheckFailed: If it is not registered, does not respond or refuses.
    """
    from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer

    try:
        component = Client().get_stack_component(
            StackComponentType.MODEL_DEPLOYER, name, allow_name_prefix_match=False
        )
    except KeyError:
        raise CheckFailed(
            f"'{name}' is not registered", "python run.py --register-stacks"
        ) from None
    deployer = BaseModelDeployer.from_model(component)
    assert isinstance(deployer, SeldonKubernetesDeployer)
    try:
        version = deployer.served_version()
    except (OperationError, UserError) as error:
        cause, _, remedy = str(error).rpartition(": ")
        raise CheckFailed(cause, remedy) from error
    state = f"version {version} is deployed" if version else "nothing is deployed yet"
    return f"responds, Seldon Core is installed; {state}"
