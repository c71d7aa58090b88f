"""Who signed what, and whether that is somebody whom the patch repository trusts."""
