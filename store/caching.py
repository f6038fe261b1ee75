"""Cache policy: a step's result is reused while everything that it imports is unchanged."""

from zenml.config.cache_policy import CachePolicy

from store.code_hash import ROOT, source_files


def cache_on_imports(module: str) -> CachePolicy:
    """Return the cache policy of a step.

    ZenML looks at the step's own code only. This policy adds the contents of every file of this
    repository that the step's module imports, directly or indirectly.

    Args:
        module: The step's module: `__name__`.

    Returns:
        The policy, for `@step(cache_policy=…)`.
    """
    files = [file.relative_to(ROOT).as_posix() for file in source_files(module)]
    return CachePolicy(file_dependencies=files)
