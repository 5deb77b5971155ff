"""Shapes of the API, one module for each version."""
