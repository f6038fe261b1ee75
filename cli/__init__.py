"""The command line: parser, settings, runner, progress, summaries, and subcommands."""
