"""Pipelines, one module each: settings, wiring of the steps, and summary.

A module `pipelines/NAME.py` is the pipeline NAME. It has `SETTINGS` (a subclass of `Settings`), a
function NAME decorated with `@pipeline` that takes `settings`, and `summarize(run)`, which returns
a `Summary`. Nothing else has to be registered.

Optional: `SINGLE_INSTANCE = True` for a pipeline that must not run twice at a time, `ALONE = True`
for one during which no other pipeline may run on this machine, `ON_FAILURE`, a function that ZenML
calls with the error of a failed run, and `PREPARE`, a function that is called before the run and
returns the settings that ZenML records.
"""
