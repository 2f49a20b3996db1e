"""Peer: SciPy's L-BFGS-B on M4's dual over patterns. Arguments: FOLDER OPTIMUM (the best dual value known).

The dual in w = a - b, a and b in [0, V], and mu (every attribute known, so the tolerance is relative to the rate):
    E[min over q of (q - rate u)^2 / 2 + q (w.phi + mu)] - mu rate - rate eps.(a + b).
Its shortfall from OPTIMUM, relative, is noted at every evaluation: when it fell below 1e-3 and 1e-6, and where it ended.
"""
import sys
import time

from serve import need, serve

np, sparse, optimize = need('numpy', 'scipy.sparse', 'scipy.optimize')
from problem import Problem, calibrated_primal

problem, optimum = Problem(sys.argv[1], np), float(sys.argv[2])
everything = problem.moments(np, sparse)
used = np.flatnonzero(abs(everything).sum(axis=0))
phi, price = everything[:, used], problem.rate * problem.tolerance[used]
phi_t = phi.T.tocsr()
share, goal, rate, V, Q = problem.share, problem.rate * problem.u, problem.rate, problem.V, problem.Q
J = phi.shape[1]


def weights(w, mu):
    margin = phi @ w + mu
    return np.clip(goal - margin, 0, Q), margin


def run():
    reached, evaluations, start = {}, 0, time.perf_counter()

    def negative(x):
        nonlocal evaluations
        evaluations += 1
        w, mu = x[:J] - x[J:-1], x[-1]
        q, margin = weights(w, mu)
        value = share @ ((q - goal) ** 2 / 2 + q * margin) - mu * rate - price @ (x[:J] + x[J:-1])
        for level in (1e-3, 1e-6):
            if optimum - value <= level * optimum:
                reached.setdefault(level, time.perf_counter() - start)
        moment = phi_t @ (share * q)
        return -value, -np.concatenate([moment - price, -moment - price, [share @ q - rate]])

    bounds = [(0, V)] * (2 * J) + [(None, None)]
    options = dict(maxiter=15000, maxfun=30000, maxcor=20, ftol=1e-15, gtol=1e-12)
    result = optimize.minimize(negative, np.zeros(2 * J + 1), jac=True, method='L-BFGS-B', bounds=bounds, options=options)
    seconds = time.perf_counter() - start
    w = np.zeros(len(problem.tolerance))
    w[used] = result.x[:J] - result.x[J:-1]
    upper = calibrated_primal(problem, everything, w, np, optimize)
    figures = dict(seconds=seconds, optimum=upper, gap=(upper + result.fun) / upper, evaluations=evaluations)
    for level, name in ((1e-3, 'seconds_to_1e-3'), (1e-6, 'seconds_to_1e-6')):
        if level in reached:
            figures[name] = reached[level]
    return figures


serve(run)
