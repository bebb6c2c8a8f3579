# %%
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
# %%
rng = np.random.default_rng(8)
values = rng.exponential(2.0, 200)
# %%
bins = 8
counts, edges = np.histogram(values, bins=bins)
print(counts.tolist())
# %%
fig, (left, right) = plt.subplots(1, 2)
plt.close(fig)
# %%
left.hist(values, bins=bins);
# %%
right.scatter(edges[:-1], counts)
right.set_xlabel("value")
# %%
print(len(left.patches), len(right.collections))
# %%
tail = 6.0
print(int((values > tail).sum()), "beyond", tail)
# %%
logs = np.log(values)
print(round(logs.mean(), 4))
# %%
for axis in fig.axes:
    axis.grid(True)
print([axis.get_xlabel() for axis in fig.axes])
