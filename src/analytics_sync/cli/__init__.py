"""The command line: one file for each command, no logic; they call wiring and print."""
