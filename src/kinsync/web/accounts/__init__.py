"""Signing in to the dashboard: passwords, second factors, single sign-on, and what is safe."""
