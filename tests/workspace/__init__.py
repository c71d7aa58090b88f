"""Tests of patchkit/workspace/."""
