"""A backup as one file: the tables of one moment, the files that they name, and keys if sealed.

It is a compressed tar, so that other tools can look into a plain one; ``sealed`` wraps it.
"""
