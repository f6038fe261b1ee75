"""ZenML stack components of this project: deployers, alerters, trackers and clouds."""
