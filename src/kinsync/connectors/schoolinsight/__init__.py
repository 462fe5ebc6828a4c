"""SchoolInsight."""
