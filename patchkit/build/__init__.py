"""Build a release as one of its variants, and make an image of what was built."""
