"""Peer: Polars' regular expressions over captions in memory. Arguments: CAPTIONS.parquet TERMS.json."""
import sys

from serve import need, serve, timed

pl, = need('polars')
from tags import load, tagged

captions, terms = pl.read_parquet(sys.argv[1], columns=['text']), load(sys.argv[2])


def run():
    seconds, result = timed(lambda: tagged(pl, captions.lazy(), terms).collect(engine='in-memory'))
    female, labels = result['s_female'], result['labels'].list.len().sum()
    return dict(seconds=seconds, captions_per_second=len(captions) / seconds, female=int(female.sum()), known=int(female.count()), labels=int(labels))


serve(run)
