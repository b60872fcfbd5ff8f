"""The commands. The folder is the registry: a module here with ``SUMMARY`` and ``run(argv)`` is a command."""
