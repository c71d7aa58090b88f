"""Moving a series from one tree to another: one outcome per patch."""
