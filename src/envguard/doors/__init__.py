"""The places where a verdict acts: a door refuses or prints. A file in this folder is a door."""
