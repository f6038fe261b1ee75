"""The environment variables that the project reads, and what they mean."""

VARIABLES = {
    "COLUMNS": "width of redirected output; without it, lines are not wrapped",
    "FACES_LOG_FORMAT": "`json` for one JSON object per log line, as `--log-format json`",
    "OMP_NUM_THREADS": "threads for linear algebra; up to 20,000 images, results do not "
    "depend on it",
    "SCIKIT_LEARN_DATA": "folder of scikit-learn's data sets, with the Olivetti faces; default: "
    "~/scikit_learn_data",
    "STORAGE_EMULATOR_HOST": "an emulator of Cloud Storage instead of the cloud",
    "WANDB_BASE_URL": "server of Weights & Biases; default: https://wandb.ai",
    "WANDB_DIR": "where Weights & Biases keeps offline runs",
    "WANDB_ENTITY": "team or user at Weights & Biases, if the stack names none",
    "WANDB_MODE": "`offline` records runs on this machine only",
    "ZENML_ACTIVE_STACK_ID": "the active stack of this process; `--stack` sets it",
    "ZENML_CONFIG_PATH": "folder with ZenML's configuration, database and local artifacts",
    "ZENML_LOGGING_VERBOSITY": "shows the log of ZenML and other frameworks: `INFO` or `DEBUG`",
}
"""Meanings by name. A test compares the names with those in the code."""
