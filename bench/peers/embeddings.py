"""Peer: NumPy on vectors in memory. Arguments: VECTORS.f32 product|head ROWS DIMS PROMPTS."""
import sys

from serve import need, serve, timed

np, = need('numpy')
file, what = sys.argv[1:3]
rows, dims, prompts = map(int, sys.argv[3:])
numbers = np.fromfile(file, dtype='<f4').reshape(rows + prompts, dims)
vectors, weights = numbers[:rows], numbers[rows:]
directions = weights / np.linalg.norm(weights, axis=1, keepdims=True)
BATCH = 1024


def product():
    return vectors @ weights.T


def head():
    """As one would write it: cosines, divided by the temperature, and a softmax that cannot overflow. In batches, which is faster than at once."""
    out = np.empty((rows, prompts), dtype=np.float32)
    for i in range(0, rows, BATCH):
        some = vectors[i:i + BATCH]
        logits = some @ directions.T / (np.linalg.norm(some, axis=1, keepdims=True) * 0.01)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        out[i:i + BATCH] = powers / powers.sum(axis=1, keepdims=True)
    return out


def run():
    seconds, result = timed({'product': product, 'head': head}[what])
    return dict(seconds=seconds, microseconds_a_row=seconds / rows * 1e6, nearest=int(result.argmax(axis=1).sum()))


serve(run)
