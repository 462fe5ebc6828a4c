"""Every connector against a simulator of its system, with all that can go wrong on the way."""
