"""Parts of the Facebook client."""
