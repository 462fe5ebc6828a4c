"""Every connector against a simulator of its system, with everything that can go wrong on the way."""
