"""Tags by Polars expressions, with ours' terms (terms.ts): s_female (null: unknown) and labels, the occupations in no order.

Of several ways this was the fastest: literal terms after the text's hyphens and runs of spaces are made one space (with character classes
between words it is several times slower), values by replacing matches, and no sorting.
"""
import json


def load(file):
    with open(file) as opened:
        return json.load(opened)


NORMAL = '_normal'


def tagged(pl, frame, terms):
    """`frame` (lazy, with a column text) and its tags. As ours: whole words, longest term first; female where only female terms are
    found, null where both or neither are."""

    def found(name):
        values = terms[name]['values']
        value = pl.element().replace_strict(list(values), list(values.values()), default=None, return_dtype=pl.String)
        edge = '' if terms[name].get('unspaced') else r'\b'
        return pl.col(NORMAL).str.extract_all(f"{edge}(?:{terms[name]['pattern']}){edge}").list.eval(value)

    female, male = (pl.col('_gender').list.contains(value).fill_null(False) for value in ('female', 'male'))
    return (
        frame.with_columns(pl.col('text').str.to_lowercase().str.replace_all(r' {2,}|[\t\n\-] *', ' ').alias(NORMAL))
        .with_columns(_gender=found('gender'), labels=found('occupations').list.unique().list.eval(pl.element().drop_nulls()))
        .with_columns(s_female=pl.when(female ^ male).then(female))
        .drop(NORMAL, '_gender')
    )
