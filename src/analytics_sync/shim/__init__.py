"""The optional HTTP shim: the endpoints of the scheduler that this program replaces."""
