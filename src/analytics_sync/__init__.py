"""Keeps the history of your posts' numbers."""

__version__ = "0.1.0"
