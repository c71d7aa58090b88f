"""The connection to a Docker engine: the only room that imports the `docker` SDK."""
