"""Parts of the LinkedIn client."""
