"""Ed-Fi."""
