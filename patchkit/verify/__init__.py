"""Scenarios, the container they run in, checks, the verdict."""
