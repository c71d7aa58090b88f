"""patchkit keeps a patch series on systemd alive, release after release."""

__version__ = "0.1.0"
