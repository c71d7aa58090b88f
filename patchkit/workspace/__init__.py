"""The layout of a patch repository on disk: what people edit, what patchkit writes."""
