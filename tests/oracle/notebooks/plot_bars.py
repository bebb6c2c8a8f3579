# %%
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
# %%
sales = {"mon": 3, "tue": 5, "wed": 2, "thu": 8}
# %%
sales["fri"] = 6
# %%
factor = 10
heights = [count * factor for count in sales.values()]
# %%
fig, ax = plt.subplots()
bars = ax.bar(list(sales), heights)
plt.close(fig)
# %%
print([bar.get_height() for bar in bars])
# %%
goal = 45
for bar in bars:
    bar.set_color("green" if bar.get_height() > goal else "grey")
# %%
print([bar.get_facecolor()[1] > 0.501 for bar in bars])
# %%
ax.axhline(goal)
print(len(ax.lines), len(ax.patches))
# %%
best = max(sales, key=sales.get)
print("best day:", best)
