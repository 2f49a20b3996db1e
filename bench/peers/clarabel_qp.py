"""Peer: Clarabel, an interior-point solver, on the quadratic programme of M4 over patterns. Arguments: FOLDER TOLERANCE FORM.

Variables q [patterns] and x [J] >= 0, the violations:
    minimise   sum share (q^2 / 2 - rate u q) + V sum x
    subject to E[q] = rate, +-E[q phi] - x <= eps rate, x >= 0, 0 <= q <= Q.
FORM `direct` is that, as it stands; `moments` makes g = E[q phi] variables too, so that each moment's row, which has an entry for
every pattern that carries it, is in the matrix once instead of twice. Moments that are always 0 are left out of both.
"""
import sys

from serve import need, serve, timed

np, sparse, clarabel = need('numpy', 'scipy.sparse', 'clarabel')
from problem import Problem

problem, tolerance, form = Problem(sys.argv[1], np), float(sys.argv[2]), sys.argv[3]
phi = problem.moments(np, sparse)
used = np.flatnonzero(abs(phi).sum(axis=0))
phi, eps = phi[:, used], problem.tolerance[used]
share, u, rate, V, Q = problem.share, problem.u, problem.rate, problem.V, problem.Q
n, J = phi.shape
I, none = sparse.identity, lambda rows, columns: sparse.csc_matrix((rows, columns))
weighted = phi.T.multiply(share).tocsc()
G = J if form == 'moments' else 0
mean = sparse.hstack([sparse.csc_matrix(share), none(1, G + J)])
if form == 'moments':
    equal = [mean, sparse.hstack([weighted, -I(J), none(J, J)])]
    either = [sparse.hstack([none(J, n), sign * I(J), -I(J)]) for sign in (1, -1)]
else:
    equal = [mean]
    either = [sparse.hstack([sign * weighted, -I(J)]) for sign in (1, -1)]
rest = [
    sparse.hstack([none(J, n + G), -I(J)]),
    sparse.hstack([-I(n), none(n, G + J)]),
    sparse.hstack([I(n), none(n, G + J)]),
]
quadratic = sparse.diags(np.concatenate([share, np.zeros(G + J)]), format='csc')
linear = np.concatenate([-share * rate * u, np.zeros(G), np.full(J, V)])
constraints = sparse.vstack(equal + either + rest, format='csc')
bounds = np.concatenate([[rate], np.zeros(G), eps * rate, eps * rate, np.zeros(J), np.zeros(n), np.full(n, Q)])
cones = [clarabel.ZeroConeT(1 + G), clarabel.NonnegativeConeT(3 * J + 2 * n)]
settings = clarabel.DefaultSettings()
settings.verbose = False
settings.max_threads = 1
settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
constant = rate ** 2 * (share @ u ** 2) / 2


def run():
    seconds, solution = timed(lambda: clarabel.DefaultSolver(quadratic, linear, constraints, bounds, cones, settings).solve())
    return dict(seconds=seconds, optimum=solution.obj_val + constant, iterations=solution.iterations, status=str(solution.status))


serve(run)
