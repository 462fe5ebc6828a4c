"""Troubles of an installation, planted one by one."""
