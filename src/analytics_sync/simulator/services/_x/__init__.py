"""Parts of the simulated X."""
