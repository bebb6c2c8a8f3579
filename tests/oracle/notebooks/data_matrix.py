# %%
import numpy as np
# %%
n = 4
A = np.arange(n * n, dtype=float).reshape(n, n)
# %%
A[0, 0] = 10.0
# %%
np.fill_diagonal(A, A.diagonal() + 5)
print(A.trace())
# %%
b = np.ones(n)
# %%
solution = np.linalg.solve(A, b)
print(solution.round(4).tolist())
# %%
first_row = A[0]
first_row *= 2
# %%
print(A.sum(), round(np.linalg.det(A), 2))
# %%
values = np.sort(np.linalg.eigvals(A).real)
print(values.round(3).tolist())
# %%
b[1] = 3
print((A @ b).round(2).tolist())
# %%
tolerance = 6
np.allclose(A @ np.linalg.inv(A), np.eye(n), atol=10.0 ** -tolerance)
# %%
norms = {order: round(float(np.linalg.norm(A, order)), 3) for order in (1, 2, np.inf)}
print(norms)
