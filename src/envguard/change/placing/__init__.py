"""Putting proven files in place, so that whatever interrupts it, the old or the new state can be reached."""
