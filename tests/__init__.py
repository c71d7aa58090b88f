"""patchkit's tests; their modules mirror the packages."""
