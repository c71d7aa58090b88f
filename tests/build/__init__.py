"""Tests of building and of images."""
