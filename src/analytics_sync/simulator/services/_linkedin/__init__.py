"""Parts of the simulated LinkedIn."""
