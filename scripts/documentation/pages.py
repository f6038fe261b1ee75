"""The generated pages of the documentation."""

from scripts.documentation import command_pages, overview_page, pipeline_pages, settings_pages

PAGES = {
    "overview.md": overview_page.overview_page,
    "settings.md": settings_pages.settings_page,
    "models.md": settings_pages.models_page,
    "pipelines.md": pipeline_pages.pipelines_page,
    "steps.md": pipeline_pages.steps_page,
    "stacks.md": pipeline_pages.stacks_page,
    "commands.md": command_pages.commands_page,
    "api.md": command_pages.api_page,
    "metrics.md": command_pages.metrics_page,
    "environment.md": command_pages.environment_page,
}
"""Functions that return a page's text, by its name in the folder reference."""
