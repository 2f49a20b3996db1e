"""Peer: the stream update of ours (transforms/balance/stream.ts) in Numba, the same arithmetic in the same order. Argument: FOLDER.

Per-coordinate (AdaGrad) steps, iterates averaged by step number, lazy L1 shrink, u scaled by its running mean; every attribute known.
"""
import sys

from serve import need, serve, timed

np, numba, sparse, optimize = need('numpy', 'numba', 'scipy.sparse', 'scipy.optimize')
from problem import Problem, calibrated_primal

STEP, FIRST_SQUARE = 1.0, 1.0


@numba.njit(cache=False, fastmath=False)
def move(w, square, j, gradient, price, V):
    square[j] += gradient * gradient
    tau = STEP / np.sqrt(square[j])
    before = w[j]
    dual = before + tau * gradient
    if price > 0:
        shrink = tau * price
        dual = dual - shrink if dual > shrink else dual + shrink if dual < -shrink else 0.0
    dual = V if dual > V else -V if dual < -V else dual
    w[j] = dual
    return abs(dual) - abs(before)


@numba.njit(cache=False, fastmath=False)
def triangle(t):
    return t * (t + 1) / 2


@numba.njit(cache=False, fastmath=False)
def update(s, offsets, labels, utility, m, c, target, eps, V, Q, rate, w, square, total, seen, price, known, norm):
    width = c + 1
    n = len(utility)
    mu, mu_square = 0.0, FIRST_SQUARE
    utility_sum = 0.0
    for i in range(n):
        step = i + 1.0
        begin, end = offsets[i], offsets[i + 1]
        before = triangle(step - 1)
        margin = mu
        for k in range(m):
            z = s[i, k] - target[k]
            base = k * width
            margin_k = w[base]
            for p in range(begin, end):
                j = base + 1 + labels[p]
                dual = w[j]
                if dual != 0:
                    shrink = STEP * eps[j] * (known[k] - price[j]) / np.sqrt(square[j])
                    shrunk = max(0.0, dual - shrink) if dual > 0 else min(0.0, dual + shrink)
                    norm[k] += eps[j] * (abs(shrunk) - abs(dual))
                    dual = shrunk
                    w[j] = dual
                    total[j] += dual * (before - triangle(seen[j]))
                seen[j] = step - 1
                price[j] = known[k]
                margin_k += dual
            total[base] += w[base] * (before - triangle(seen[base]))
            seen[base] = step - 1
            margin += z * margin_k - norm[k]
        utility_sum += utility[i]
        u = utility[i] * step / utility_sum
        q = min(Q, max(0.0, rate * u - margin))
        mu_square += (q - rate) * (q - rate)
        mu += STEP * (q - rate) / np.sqrt(mu_square)
        if q == 0:
            continue
        for k in range(m):
            gradient = q * (s[i, k] - target[k])
            base = k * width
            change = move(w, square, base, gradient, eps[base] * q, V) * eps[base]
            for p in range(begin, end):
                j = base + 1 + labels[p]
                change += eps[j] * move(w, square, j, gradient, 0.0, V)
            norm[k] += change
            known[k] += q
    for k in range(m):
        for j in range(k * width, (k + 1) * width):
            dual = w[j]
            if j > k * width:
                shrink = STEP * eps[j] * (known[k] - price[j]) / np.sqrt(square[j])
                dual = max(0.0, dual - shrink) if dual > 0 else min(0.0, dual + shrink)
            total[j] += dual * (triangle(n) - triangle(seen[j]))
            total[j] /= triangle(n)


problem = Problem(sys.argv[1], np)
J = problem.m * (problem.c + 1)
offsets, labels = problem.offsets.astype(np.int64), problem.labels.astype(np.int64)
phi = problem.moments(np, sparse)


def fit():
    zeros = lambda length: np.zeros(length)
    total = zeros(J)
    update(problem.s, offsets, labels, problem.u, problem.m, problem.c, problem.target, problem.tolerance, problem.V, problem.Q,
           problem.rate, zeros(J), np.full(J, FIRST_SQUARE), total, zeros(J), zeros(J), zeros(problem.m), zeros(problem.m))
    return total


def run():
    seconds, w = timed(fit)
    primal = calibrated_primal(problem, phi, w, np, optimize)
    return dict(seconds=seconds, examples_per_second=len(problem.u) / seconds, primal=primal)


serve(run)
