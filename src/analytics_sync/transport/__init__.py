"""HTTP to the platforms: one request function, retries, and call budgets behind an interface.

Only `transport.client` and its own parts import httpx and backoff, so that this package, `call` and
`statuses` cost nothing to import.
"""
