"""Where upstream trees come from: a bare cache repository, and the sources that fill it."""
