"""A problem that ours wrote (export-problem.ts), as arrays and as a sparse matrix of moments."""
import json
import os


class Problem:
    def __init__(self, folder, np):
        with open(os.path.join(folder, 'problem.json')) as file:
            numbers = json.load(file)
        self.m, self.c = numbers['m'], numbers['c']
        self.target, self.tolerance = np.array(numbers['target']), np.array(numbers['tolerance'])
        self.V, self.Q, self.rate = numbers['penalty'], numbers['maximum'], numbers['rate']
        read = lambda name, kind: np.fromfile(os.path.join(folder, name), kind)
        self.s = read('attributes.u8', np.uint8).reshape(-1, self.m)
        self.offsets = read('offsets.u32', np.uint32)
        self.labels = read('labels.u16', np.uint16)
        self.u = read('utility.f64', np.float64)
        share = os.path.join(folder, 'share.f64')
        self.share = np.fromfile(share) if os.path.exists(share) else np.full(len(self.u), 1 / len(self.u))

    def moments(self, np, sparse):
        """phi [rows, m * (c + 1)] in CSR: column k * (c + 1) is z_k, column k * (c + 1) + 1 + r is z_k y_r. Every attribute is known."""
        n, width = len(self.u), self.c + 1
        offsets, labels = self.offsets.astype(np.int64), self.labels.astype(np.int64)
        of_label = np.repeat(np.arange(n), np.diff(offsets))
        rows, columns, values = [], [], []
        for k in range(self.m):
            z = self.s[:, k] - self.target[k]
            rows += [np.arange(n), of_label]
            columns += [np.full(n, k * width), k * width + 1 + labels]
            values += [z, z[of_label]]
        shape = (n, self.m * width)
        return sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def calibrated_primal(problem, phi, w, np, optimize):
    """Primal value of the weights of w, mu moved so that E[q] = rate: an upper bound on the optimum."""
    share, goal, rate, Q = problem.share, problem.rate * problem.u, problem.rate, problem.Q
    offset = goal - phi @ w
    mu = optimize.brentq(lambda mu: share @ np.clip(offset - mu, 0, Q) - rate, offset.min() - Q, offset.max(), xtol=1e-15)
    q = np.clip(offset - mu, 0, Q)
    violation = np.maximum(0, abs(phi.T @ (share * q)) - problem.tolerance * rate).sum()
    return share @ (q - goal) ** 2 / 2 + problem.V * violation
