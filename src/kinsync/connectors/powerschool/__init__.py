"""PowerSchool SIS."""
