"""Takes up accounts with their credentials, and single posts, after asking the platform."""
