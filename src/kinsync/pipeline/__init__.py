"""Map, clean, check, link, match, diff, guard: pure functions on frames.

Steps do not know each other; ``services.sync`` composes them. Columns are worked on whole: where
only a few cells need slow work, they are found first and only they are worked on.
"""
