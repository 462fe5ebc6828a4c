"""Infinite Campus."""
