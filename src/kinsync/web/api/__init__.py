"""The API that applications speak: one module per major version, over shared envelopes.

Versions do not import one another: each says in full what it serves.
"""
