"""What a repository holds: the files of a commit and of the index, read without touching the working folder.

git itself is asked, by its plumbing. Sources: git-cat-file(1), git-ls-tree(1), git-ls-files(1), githooks(5).
"""
