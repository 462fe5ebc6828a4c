"""How a record's life is told: published from version ``since`` until before ``until``."""

STILL = 2_147_483_647
"""``until`` of a record that is current."""
