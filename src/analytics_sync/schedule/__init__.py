"""Keeps jobs with the operating system's scheduler: what should be there, and what is there.

A backend is one module of this folder whose name does not begin with an underscore and that holds
a `BACKEND`; nothing else has to be edited to add one.
"""
