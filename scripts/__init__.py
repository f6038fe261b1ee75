"""Commands for maintainers and continuous integration."""
