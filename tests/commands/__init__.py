"""Tests of patchkit/commands/."""
