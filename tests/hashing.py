"""Passwords of tests: hashed as others are, and quickly. Hundreds of tests sign somebody in."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class LightHasher(Argon2PasswordHasher):
    """Argon2id with the least work that it can have."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
