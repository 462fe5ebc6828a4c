"""States of a sync that decide what may become of it. No Django here: publishing needs none."""

RUNNING = "running"
OPEN_STATES = (RUNNING, "held")
"""Of syncs that may still become a version, or end otherwise."""
