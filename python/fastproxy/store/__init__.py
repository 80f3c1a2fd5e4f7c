"""What outlives the process: client keys, usage, sealed secrets. SQLite in the data directory, or PostgreSQL.

Nothing is imported here: the database's libraries take 30 MB, and the program's parent process needs none of them.
"""
