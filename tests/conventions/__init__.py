"""Docs and code agree: what the pages show is run, and what the code knows has its page."""
