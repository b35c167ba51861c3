"""Parts of the X client."""
