"""Skyward."""
