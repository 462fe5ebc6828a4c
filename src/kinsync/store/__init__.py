"""PostgreSQL and the files beside it: the only package that writes SQL.

Every query about a district's people goes through ``store.gate``; row-level security stands
behind it as a second wall.
"""
