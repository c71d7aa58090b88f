"""What is tried where git's merge gives up: one strategy a module, each able to decline."""
