"""One sync: which accounts and posts, in which order, and what is stored of the answers.

run.py        a whole run: accounts side by side, the time limit, the record
account.py    one account: lock, token, new posts, numbers, totals
selection.py  which posts, when
"""
