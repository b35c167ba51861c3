"""Plain records of the field: accounts, posts, readings, runs. No I/O."""
