"""Broken and hostile input: real input, mutated, into everything that reads."""
