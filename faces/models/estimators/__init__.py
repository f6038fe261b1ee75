"""Estimators in scikit-learn's API that scikit-learn does not have; each exports itself."""
