"""The app: a service and pages to recognise faces in photos, and to do a person's part by hand.

It calls the prediction endpoint; a model is loaded only to explain its answers.
Changes are commands of run.py.
"""
