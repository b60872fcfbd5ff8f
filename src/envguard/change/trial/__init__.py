"""Trying a change: in an environment of its own that equals golden, with the test before and after it."""
