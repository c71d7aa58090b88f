"""Tests of patchkit/rebase/."""
