"""Peer: Polars' regular expressions over captions of many languages in memory. Arguments: CAPTIONS.parquet TERMS.json.

Each language's rows by its own terms, as tags.py; where a language is written without spaces, terms anywhere.
"""
import sys

from serve import need, serve, timed

pl, = need('polars')
from tags import load, tagged

captions, terms = pl.read_parquet(sys.argv[1], columns=['text', 'language']), load(sys.argv[2])


def run():
    def work():
        frames = [tagged(pl, captions.lazy().filter(pl.col('language') == language), of) for language, of in terms.items()]
        return pl.concat(frame.select('s_female', 'labels') for frame in frames).collect(engine='in-memory')

    seconds, result = timed(work)
    female, labels = result['s_female'], result['labels'].list.len().sum()
    return dict(seconds=seconds, captions_per_second=len(captions) / seconds, female=int(female.sum()), known=int(female.count()), labels=int(labels))


serve(run)
