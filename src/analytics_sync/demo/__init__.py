"""A day of syncs of made-up businesses, in seconds: what the tool does, without any account.

place.py     the simulated platforms, who is on them, and the clock that both sides follow
home.py      where the demo's home is made, and what is kept of it
ending.py    how Ctrl-C and other signals end it without leaving anything behind
trouble.py   what happens in that day: new posts, an edit, and failures of the common kinds
story.py     the day itself: accounts, syncs (runs.py), and what the audience (audience.py) hears
facts.py     what came of it, read back from the database and from the simulator's request log
handled.py   the failures among it, with what became of each
drawing.py   all of this for people
"""
