"""The backport bench: the merge engine measured on changes that maintainers moved by hand."""
