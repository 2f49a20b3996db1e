"""Peer: datasketch's MinHashLSH over captions in memory. Arguments: CAPTIONS.parquet NEAR.json usual|compared.

usual: as its documentation has it, 128 minima, bands by its own choice, what shares a band is taken for near. compared: the bands
that ours has, and what shares one is compared by its sets of shingles. Both hash shingles by CRC-32, which is faster than the SHA-1 that is usual."""
import json
import re
import sys
from zlib import crc32

from serve import need, serve, timed

pq, datasketch = need('pyarrow.parquet', 'datasketch')
captions = pq.read_table(sys.argv[1], columns=['text'])['text'].to_pylist()
with open(sys.argv[2]) as file:
    near = json.load(file)
truth, width, similarity = set(near['rows']), near['shingle'], near['similarity']
compared = sys.argv[3] == 'compared'
WORD = re.compile(r'\w+')


def shingles(text):
    words = WORD.findall(text.lower())
    size = min(width, len(words))
    return {' '.join(words[i:i + size]) for i in range(len(words) - size + 1)} if size > 0 else set()


def find():
    sets = [shingles(text) for text in captions]
    bands = (near['bands'], near['bandRows']) if compared else None
    permutations = bands[0] * bands[1] if compared else 128
    index = datasketch.MinHashLSH(threshold=similarity, num_perm=permutations, params=bands)
    found = set()
    encoded = ([shingle.encode() for shingle in each] for each in sets)
    for row, minima in enumerate(datasketch.MinHash.generator(encoded, num_perm=permutations, hashfunc=crc32)):
        if not sets[row]:
            continue
        candidates = index.query(minima)
        if any(not compared or len(sets[other] & sets[row]) / len(sets[other] | sets[row]) >= similarity for other in candidates):
            found.add(row)
        index.insert(row, minima)
    return found


def run():
    seconds, found = timed(find)
    right = len(found & truth)
    return dict(seconds=seconds, captions_per_second=len(captions) / seconds, found=len(found), precision=right / len(found), recall=right / len(truth))


serve(run)
