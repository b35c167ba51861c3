"""The database: schema, migrations and every query.

Importing this package costs nothing; its modules import SQLAlchemy.
"""
