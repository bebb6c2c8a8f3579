# %%
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
# %%
points = 50
x = np.linspace(0, 2 * np.pi, points)
# %%
amplitude = 1.5
curves = {"sin": amplitude * np.sin(x), "cos": np.cos(x)}
# %%
fig, ax = plt.subplots(figsize=(4, 3))
for name, values in curves.items():
    ax.plot(x, values, label=name)
ax.legend()
plt.close(fig)
# %%
print(len(ax.lines), [line.get_label() for line in ax.lines])
# %%
ax.set_title("waves")
ax.set_ylim(-2, 2)
print(ax.get_title(), ax.get_ylim())
# %%
highest = max(values.max() for values in curves.values())
print(round(highest, 4))
# %%
width = 3
for line in ax.lines:
    line.set_linewidth(width)
# %%
print([line.get_linewidth() for line in ax.lines])
# %%
fig.set_size_inches(6, 2)
print(fig.get_size_inches().tolist())
