"""The images that the gcp stack runs, named after what is in them.

    python -m components.deployers.container_images    # what infra/gcp/cloudbuild.yaml must be told

So nothing can run in an image that was built from something else: a change gives another name, and
an image that was not built yet is missed at once.
"""

import hashlib
from pathlib import Path

PIPELINES, SERVING = "pipelines", "serving"

CONTENT = {
    PIPELINES: ("pipelines/Dockerfile", "requirements/gcp.txt"),
    SERVING: ("serving/Dockerfile", "requirements/serving.txt", "serving/*.py", "faces/**/*.py"),
}
"""What an image's name depends on. Steps get the rest of the code from the artifact store."""


def image_name(registry: str, image: str) -> str:
    """The full name of an image of this project, as it is in the working folder."""
    digest, root = hashlib.sha256(), Path(__file__).parent.parent.parent
    for pattern in CONTENT[image]:
        for file in sorted(root.glob(pattern)):
            digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return f"{registry.rstrip('/')}/{image}:{digest.hexdigest()[:12]}"


if __name__ == "__main__":
    print(",".join(f"_{name.upper()}={image_name('', name).rsplit(':')[-1]}" for name in CONTENT))
