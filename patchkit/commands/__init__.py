"""One verb a file: each composes stages and tells what came of it."""
