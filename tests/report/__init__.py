"""Tests of patchkit/report/."""
