"""Use cases, one per file: each composes steps and adapters, and reads top to bottom."""
