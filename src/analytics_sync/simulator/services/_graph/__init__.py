"""Parts of the simulated Graph API, on Facebook's and on Instagram's host."""
