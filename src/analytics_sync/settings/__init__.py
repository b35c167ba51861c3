"""Settings: what can be set, and what was set where."""
