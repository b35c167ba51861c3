"""Turns stored numbers into what people look at: tables and sparklines."""
