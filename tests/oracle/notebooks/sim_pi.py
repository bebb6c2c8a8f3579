# %%
import numpy as np
# %%
np.random.seed(1)
# %%
n = 2000
xs, ys = np.random.rand(n), np.random.rand(n)
# %%
inside = xs ** 2 + ys ** 2 < 1
print(4 * inside.mean())
# %%
batches = 4
estimates = []
for part in np.array_split(inside, batches):
    estimates.append(4 * part.mean())
print(np.round(estimates, 3).tolist())
# %%
error = abs(np.mean(estimates) - np.pi)
print(round(error, 4))
# %%
more = np.random.rand(5).round(3)
print(more.tolist())
# %%
digits = 3
print(round(np.pi, digits))
# %%
running = 4 * np.cumsum(inside) / np.arange(1, n + 1)
print(running[[9, 99, 999]].round(3).tolist())
