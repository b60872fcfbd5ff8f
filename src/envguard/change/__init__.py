"""Changing an environment: what a change would mean before it happens, and the safe ways to make it or undo it."""
