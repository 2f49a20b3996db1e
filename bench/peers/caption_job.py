"""Peers: the tagging pass as a whole process. Arguments: polars|duckdb INPUT.parquet OUTPUT.parquet TERMS.json KEPT (JSON). Prints counts as JSON."""
import json
import sys

import peak  # noqa: F401

engine, source, output, terms_file, kept = sys.argv[1:6]
kept = json.loads(kept)


def with_polars():
    import polars as pl

    from tags import load, tagged

    text = pl.col('text')
    least, most = pl.min_horizontal('width', 'height'), pl.max_horizontal('width', 'height')
    frame = pl.scan_parquet(source).filter(
        (text.str.len_chars() >= kept['characters'])
        & (least >= kept['side'])
        & (most <= kept['aspect'] * least)
        & (pl.col('clip') >= kept['similarity'])
        & (text.str.count_matches(r'\S+') >= kept['words'])
    )
    result = tagged(pl, frame, load(terms_file)).collect(engine='streaming')
    result.write_parquet(output, compression='snappy')
    female = pl.col('s_female')
    sums = (pl.len(), (~female).sum(), female.sum())
    totals = result.select(n=sums[0], male=sums[1], female=sums[2]).row(0)
    labels = result.select('labels', 's_female').explode('labels').drop_nulls('labels').group_by('labels')
    return totals, labels.agg(n=sums[0], male=sums[1], female=sums[2]).iter_rows()


def with_duckdb():
    import duckdb

    with open(terms_file) as file:
        terms = json.load(file)
    connection = duckdb.connect(config={'threads': 1})
    quoted = lambda text: "'" + text.replace("'", "''") + "'"

    def found(name):
        """Distinct values of the terms found, by a correlated join: the fastest of several ways; null where there are none."""
        values = terms[name]['values']
        lists = (f"unnest([{', '.join(map(quoted, column))}])" for column in (values.keys(), values.values()))
        connection.execute(f"create temp table {name} as select {next(lists)} as term, {next(lists)} as value")
        return f"(select list(distinct value) from unnest({name}_found) as found(term) join {name} using (term))"

    def matches(name):
        pattern = r'\b(?:' + terms[name]['pattern'] + r')\b'
        return f"regexp_extract_all(normal, {quoted(pattern)}) as {name}_found"

    connection.execute(f"""copy (
        with kept as (
            select *, regexp_replace(lower(text), ' {{2,}}|[\\t\\n\\-] *', ' ', 'g') as normal from {quoted(source)}
            where length(text) >= {kept['characters']} and least(width, height) >= {kept['side']}
              and greatest(width, height) <= {kept['aspect']} * least(width, height) and clip >= {kept['similarity']}::float
              and len(string_split_regex(trim(text), '\\s+')) >= {kept['words']}),
        matched as (select * exclude normal, {matches('gender')}, {matches('occupations')} from kept),
        tagged as (
            select * exclude (gender_found, occupations_found), {found('gender')} as gender, {found('occupations')} as labels from matched)
        select * exclude (gender, labels), case when len(gender) = 1 then gender[1] = 'female' end as s_female, coalesce(labels, []) as labels
        from tagged
    ) to {quoted(output)} (format parquet, compression snappy)""")
    sums = 'count(*), count_if(not s_female), count_if(s_female)'
    totals = connection.execute(f"select {sums} from {quoted(output)}").fetchone()
    labels = f"select label, {sums} from (select unnest(labels) as label, s_female from {quoted(output)}) group by label"
    return totals, connection.execute(labels).fetchall()


(n, male, female), labels = {'polars': with_polars, 'duckdb': with_duckdb}[engine]()
counts = dict(kept=n, male=male, female=female)
for label, n, male, female in labels:
    counts.update({label: n, f'male {label}': male, f'female {label}': female})
print(json.dumps({name: n for name, n in counts.items() if n}))
