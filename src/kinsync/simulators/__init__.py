"""What stands in for the outside world: invented districts and local copies of its systems.

Nothing here knows how Kinsync works inside: only the names in ``kinsync.domain`` are shared.
"""
