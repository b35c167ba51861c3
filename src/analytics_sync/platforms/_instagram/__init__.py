"""Parts of the Instagram client."""
