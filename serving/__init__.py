"""The prediction server: Seldon Core's REST wrapper around a portable model.

It runs in an environment of its own (requirements/serving.txt): no ZenML, no scikit-learn.
"""
