"""Tests of where upstream trees come from: real repositories, servers and archives, no mocks."""
