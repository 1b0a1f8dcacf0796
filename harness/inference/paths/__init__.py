"""Path templates: which segments of a path are parameters."""
