"""HTTP to the platforms: one request function, retries, and call budgets behind an interface.

Only `transport.client` imports httpx, so that this package costs nothing to import.
"""
