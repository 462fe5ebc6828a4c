"""The web door: Django's settings, the API and, later, the dashboard. It talks to services."""
