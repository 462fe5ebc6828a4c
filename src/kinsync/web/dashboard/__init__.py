"""The dashboard: pages for people of a district, over the same services as commands and the API."""
