"""A patch and a series as values, and git's mail format in and out."""
