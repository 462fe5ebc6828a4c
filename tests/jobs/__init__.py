"""The queue and its workers: real processes, a real database, real signals."""
