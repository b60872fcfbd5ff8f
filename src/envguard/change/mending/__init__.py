"""Bringing an environment back to its golden file: what is wrong, which steps mend it, and their order."""
