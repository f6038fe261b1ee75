"""Prediction server: Seldon Core's REST wrapper around a portable model.

It runs in a separate environment (requirements/serving.txt) without ZenML and scikit-learn. Its
entry points are serving.server and, in a container, serving.container; everything that they
execute is imported by them, directly or indirectly.
"""
