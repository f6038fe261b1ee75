"""The container images of this project, named after their content.

    python -m components.deployers.container_images    # substitutions for infra/gcp/cloudbuild.yaml

A change of the content changes the name, so nothing can run in an image that was built from
something else, and an image that was not built yet is noticed before anything runs.
"""

from pathlib import Path

from store.code_hash import ROOT, hash_files, source_files

PIPELINES, SERVING, MLFLOW = "pipelines", "serving", "mlflow"
DOCKERFILES = {
    PIPELINES: "pipelines/Dockerfile",
    SERVING: "serving/Dockerfile",
    MLFLOW: "infra/mlflow/Dockerfile",
}
REQUIREMENTS = {PIPELINES: "gcp.txt", SERVING: "serving.txt", MLFLOW: "mlflow-server.txt"}
IMAGES = tuple(DOCKERFILES)

ENTRY_POINTS = (
    "serving.container",
    "serving.server",
    "serving.worker",
    "serving.capture.retention",
    "serving.alert_forwarder",
)
"""The modules that run in the serving image; what they import is in it, too."""


def image_name(registry: str, image: str) -> str:
    """Return the full name of an image as built from the working folder.

    Args:
        registry: Where images are kept, such as "europe-west1-docker.pkg.dev/project/repository".
        image: One of `IMAGES`.

    Returns:
        "registry/image:tag", where the tag is a hash of the files in `content_of(image)`.
    """
    return f"{registry.rstrip('/')}/{image}:{hash_files(content_of(image))[:12]}"


def content_of(image: str) -> tuple[Path, ...]:
    """List the files that an image is built from.

    Steps get this project's code from the artifact store, so the image for pipelines has none.

    Args:
        image: One of `IMAGES`.

    Returns:
        Absolute paths: the Dockerfile, what it runs, the pinned requirements, and the sources of
        the server.
    """
    common = (
        ROOT / DOCKERFILES[image],
        ROOT / "scripts" / "slim_packages.py",
        ROOT / "requirements" / REQUIREMENTS[image],
    )
    return (*common, *source_files(*ENTRY_POINTS)) if image == SERVING else common


if __name__ == "__main__":
    tags = {image: image_name("", image).rpartition(":")[2] for image in IMAGES}
    print(",".join(f"_{image.upper()}={tag}" for image, tag in tags.items()))
