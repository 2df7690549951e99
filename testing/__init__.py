"""Fixtures for testing device code: a board, a device, a service."""
