"""What a wheel says before it is installed, wherever its bytes are: on disk, in a cache, behind a URL."""
