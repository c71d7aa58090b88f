"""Killed, and out of room, at every write: a shim counts the calls that write, and strikes."""
