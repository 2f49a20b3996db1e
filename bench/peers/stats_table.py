"""Peers: the table of RB and AB (2 attributes, 100 labels) from a Parquet file, by one thread. Arguments: polars|duckdb|make FILE.

`make` writes the file: boolean attributes, and the labels of each row both as a list of strings and as 100 boolean columns, in two files.
Of several ways to ask them, these were the fastest: DuckDB unnests the list, Polars explodes it in its streaming engine; counts are grouped
by label and both attributes, and by the attributes alone.
"""
import sys
import time

from serve import need, serve, timed

engine, file = sys.argv[1:3]
LABELS = 100


def table(groups, base):
    """RB and AB of counts: (label, s0, s1) -> n and (s0, s1) -> n."""
    labels = {}
    totals = [[0, 0], [0, 0]]
    for s0, s1, n in base:
        for k, s in enumerate((s0, s1)):
            totals[k][int(s)] += n
    for label, s0, s1, n in groups:
        counts = labels.setdefault(label, [[0, 0], [0, 0]])
        for k, s in enumerate((s0, s1)):
            counts[k][int(s)] += n
    rb = max(abs(0.5 - totals[k][1] / sum(totals[k])) for k in range(2))
    ab = max(abs(c[k][1] / totals[k][1] - c[k][0] / totals[k][0]) for c in labels.values() for k in range(2))
    return rb, ab, sum(totals[0])


def make(file, wide, rows):
    np, pa, pq = need('numpy', 'pyarrow', 'pyarrow.parquet')
    random = np.random.default_rng(7)
    s = random.random((rows, 2)) < (0.3, 0.55)
    share = 0.024 / (1 + np.arange(LABELS) / 25)
    flags = np.empty((LABELS, rows), bool)
    for r in range(LABELS):
        flags[r] = random.random(rows) < share[r] * (1 + 0.8 * np.sin(r) * (s[:, r % 2] - 0.5))
    counts = flags.sum(0)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    names = pa.array([f'label {r}' for r in range(LABELS)])
    values = pa.DictionaryArray.from_arrays(pa.array(np.nonzero(flags.T)[1].astype(np.int32)), names).cast(pa.string())
    attributes = {f's{k}': pa.array(s[:, k]) for k in range(2)}
    group = 131072
    pq.write_table(pa.table({**attributes, 'labels': pa.ListArray.from_arrays(pa.array(offsets), values)}), file, row_group_size=group)
    pq.write_table(pa.table({**attributes, **{f'y{r}': pa.array(flags[r]) for r in range(LABELS)}}), wide, row_group_size=group)


if engine == 'make':
    make(file, sys.argv[3], int(sys.argv[4]))
    sys.exit()

if engine == 'polars':
    pl, = need('polars')

    def run():
        frame = pl.scan_parquet(file)
        groups = frame.explode('labels').drop_nulls().group_by('labels', 's0', 's1').len().collect(engine='streaming')
        base = frame.group_by('s0', 's1').len().collect(engine='streaming')
        return table(groups.rows(), base.rows())

elif engine == 'polars-wide':
    pl, = need('polars')

    def run():
        sums = [pl.col(f'y{r}').sum() for r in range(LABELS)]
        rows = pl.scan_parquet(file).group_by('s0', 's1').agg(pl.len(), *sums).collect(engine='streaming').rows()
        groups = [(r, row[0], row[1], row[3 + r]) for row in rows for r in range(LABELS)]
        return table(groups, [row[:3] for row in rows])

else:
    duckdb, = need('duckdb')
    connection = duckdb.connect(config={'threads': 1})

    def run():
        if engine == 'duckdb-wide':
            sums = ', '.join(f'count_if(y{r})' for r in range(LABELS))
            rows = connection.execute(f"select s0, s1, count(*), {sums} from '{file}' group by s0, s1").fetchall()
            groups = [(r, row[0], row[1], row[3 + r]) for row in rows for r in range(LABELS)]
            return table(groups, [row[:3] for row in rows])
        groups = connection.execute(f"select l, s0, s1, count(*) from (select s0, s1, unnest(labels) l from '{file}') group by all")
        rows = groups.fetchall()
        return table(rows, connection.execute(f"select s0, s1, count(*) from '{file}' group by all").fetchall())


def measured():
    before = time.process_time()
    seconds, (rb, ab, rows) = timed(run)
    return dict(seconds=seconds, cpu_seconds=time.process_time() - before, rows_per_second=rows / seconds, RB=round(rb, 9), AB=round(ab, 9))


serve(measured)
