"""The words, shapes and rules of the project: no I/O, no clock, no randomness, no framework."""
