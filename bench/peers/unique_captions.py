"""Peer: exact duplicates of captions in memory, all of them twice, by one thread. Arguments: polars|duckdb CAPTIONS.parquet."""
import sys

from serve import need, serve, timed

engine, file = sys.argv[1:3]
if engine == 'polars':
    pl, = need('polars')
    once = pl.read_parquet(file, columns=['text'])
    captions = pl.concat([once, once], rechunk=True)['text']
    rows = len(captions)

    def find():
        return int((~captions.is_first_distinct()).sum())
else:
    duckdb, = need('duckdb')
    connection = duckdb.connect(config={'threads': 1})
    once = f"select text from '{file}'"
    connection.execute(f'create table captions as {once} union all {once}')
    rows = connection.execute('select count(*) from captions').fetchone()[0]

    def find():
        return connection.execute('select count(*) - count(distinct text) from captions').fetchone()[0]


def run():
    seconds, found = timed(find)
    return dict(seconds=seconds, captions_per_second=rows / seconds, found=found)


serve(run)
