from zenml.enums import StackComponentType
from zenml.utils.source_utils import load

from components.deployers import backends, flavors
from components.deployers.base import FaceDeployer


def test_every_backend_is_a_flavor_with_the_name_of_its_package() -> None:
    assert set(backends()) == {"seldon_local", "seldon_kubernetes", "cloud_run"}
    for name, source in flavors().items():
        flavor = load(source)()
        assert flavor.name == name
        assert flavor.type == StackComponentType.MODEL_DEPLOYER
        assert issubclass(flavor.implementation_class, FaceDeployer)
