"""Tests of the connection to a Docker engine."""
