"""Lightweight fakes of cloud services. Each documents what it does not prove."""
