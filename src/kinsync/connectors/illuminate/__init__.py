"""Illuminate."""
