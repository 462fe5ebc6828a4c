"""Backups of a whole installation, and what they are restored to."""
