#!/usr/bin/env python3
"""Prints everything in a SQLite database, a row a line, in order, so that two moments can be compared.

usage: dump.py FILE

Leaves out when somebody was last seen: looking is noted.
"""

import sqlite3
import sys

SEEN = {"last_seen_at", "last_used_at"}

database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
tables = database.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
for (table,) in tables:
    columns = [row[1] for row in database.execute(f'pragma table_info("{table}")')]
    chosen = [column for column in columns if column not in SEEN]
    names = ", ".join(f'quote("{column}")' for column in chosen)
    rows = sorted(database.execute(f'select {names} from "{table}"').fetchall())
    print(f"{table}: {len(rows)} rows of {', '.join(chosen)}")
    for row in rows:
        print(f"{table} {' | '.join(row)}")
