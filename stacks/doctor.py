"""Look at a stack part by part, before anything runs: what is wrong, and how to mend it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.model_deployers import BaseModelDeployer

from components.checks import TIMEOUT_SECONDS, CheckFailed
from components.clouds.gcp import check_bucket, check_container_images, check_credentials
from faces.errors import OperationError, UserError
from stacks.readiness import absent_modules
from stacks.register import find_component
from stacks.spec import Stack, create_secret, secrets_of


@dataclass(frozen=True)
class Finding:
    """What was looked at; if something is wrong, what, and what to do about it."""

    part: str
    message: str
    fix: str | None = None

    @property
    def ok(self) -> bool:
        """Nothing is to be done."""
        return self.fix is None


def check_stack(stack: Stack) -> Iterator[Finding]:
    """All findings about a stack, as its YAML says it with what the environment fills in.

    Every question gives up after some seconds. What cannot be asked for lack of something that was
    found missing before is left out.
    """
    packages = _ask("packages", lambda: _packages(stack))
    yield packages
    settings = _ask("environment", lambda: _environment(stack))
    yield settings
    yield _ask("secrets", lambda: _secrets(stack))
    if not (packages.ok and settings.ok):
        return
    flavors = {(part.type, part.flavor): dict(part.configuration) for part in stack.components}
    if ("artifact_store", "gcp") in flavors:
        credentials = _ask("credentials", check_credentials)
        yield credentials
        if credentials.ok:
            place = str(flavors["artifact_store", "gcp"]["path"])
            yield _ask("bucket", lambda: check_bucket(place))
            if ("container_registry", "gcp") in flavors:
                address = str(flavors["container_registry", "gcp"]["uri"])
                yield _ask("images", lambda: check_container_images(address))
    for part in stack.components:
        if part.flavor == "seldon_kubernetes":
            yield _ask("cluster", partial(_cluster, part.name))
    if server := flavors.get(("experiment_tracker", "mlflow"), {}).get("tracking_uri"):
        yield _ask("MLflow server", lambda: _mlflow(str(server)))
    if ("orchestrator", "vertex") in flavors:
        yield _ask("ZenML server", _zenml)


def _ask(part: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(part, look())
    except CheckFailed as ill:
        what, fix = ill.args
        return Finding(part, what, fix)
    except Exception as error:
        first = (str(error) or type(error).__name__).strip().splitlines()[0][:200]
        return Finding(part, f"{type(error).__name__}: {first}", "see docs/gcp.md")


def _packages(stack: Stack) -> str:
    absent = absent_modules({part.flavor for part in stack.components})
    if absent:
        raise CheckFailed(f"not installed: {', '.join(absent)}", "make setup-gcp")
    return "all there"


def _environment(stack: Stack) -> str:
    if stack.unset:
        raise CheckFailed(
            f"not set: {', '.join(stack.unset)}",
            "set them (terraform output -raw environment gives most), then "
            "python run.py --register-stacks",
        )
    return "everything that the YAML wants is set"


def _secrets(stack: Stack) -> str:
    wanted = secrets_of(stack)
    for name, keys in wanted.items():
        try:
            kept = Client().get_secret(name, allow_partial_name_match=False).secret_values
        except KeyError:
            raise CheckFailed(f"no secret '{name}'", create_secret(name, keys)) from None
        if lacking := [key for key in keys if key not in kept]:
            update = create_secret(name, lacking).replace("create", "update", 1)
            raise CheckFailed(f"secret '{name}' has no {' and no '.join(lacking)}", update)
    return f"{len(wanted)} found" if wanted else "none needed"


def _cluster(name: str) -> str:
    found = find_component("model_deployer", name)
    if found is None:
        raise CheckFailed(f"'{name}' is not registered", "python run.py --register-stacks")
    from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer

    deployer = BaseModelDeployer.from_model(found)
    assert isinstance(deployer, SeldonKubernetesDeployer)
    try:
        version = deployer.served_version()
    except (OperationError, UserError) as error:
        what, _, fix = str(error).rpartition(": ")
        raise CheckFailed(what, fix) from error
    live = f"version {version} is deployed" if version else "nothing is deployed yet"
    return f"it answers, with Seldon Core; {live}"


def _mlflow(address: str) -> str:
    import requests

    try:
        answer = requests.get(f"{address.rstrip('/')}/health", timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        raise CheckFailed(
            f"{address} does not answer: {type(error).__name__}",
            "start it, or set MLFLOW_TRACKING_URI to where it is",
        ) from error
    if not answer.ok:
        raise CheckFailed(
            f"{address} said {answer.status_code}",
            "is it an MLflow server, and is MLFLOW_TRACKING_URI right?",
        )
    return f"{address} is well"


def _zenml() -> str:
    if GlobalConfiguration().uses_local_store:
        raise CheckFailed(
            "this client has a local database, which steps on Vertex cannot reach",
            "zenml login https://… (a ZenML server of one's own)",
        )
    return "this client uses a server"
