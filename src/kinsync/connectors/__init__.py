"""Code that reads one kind of system each: in its own words, no mapping, no cleaning."""
