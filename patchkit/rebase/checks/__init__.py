"""Whether a merge is right: what a patch is to hold, checked in the merged code itself."""
