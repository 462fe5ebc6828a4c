"""Aeries: the API of version 5."""
