"""What comes in and goes out as files: posts, whole installations, the history."""
