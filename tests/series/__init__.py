"""Tests of patchkit/series/."""
