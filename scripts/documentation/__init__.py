"""The documentation site: reference pages and diagrams from the code, tutorial output, checks."""
