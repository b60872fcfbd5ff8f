"""What is asked for, and what an installer would do about it: each is asked by its own dry run."""
