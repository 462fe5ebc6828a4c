"""Kinsync keeps the student contacts of school districts complete, correct and in step.

Contacts flow left to right: read → map → clean → check → link → match → diff → guard →
publish → serve. Code points down: the layers stand in ``pyproject.toml``.
"""

__version__ = "0.1.0"
