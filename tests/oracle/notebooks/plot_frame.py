# %%
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
# %%
frame = pd.DataFrame({"year": [2019, 2020, 2021, 2022], "a": [1, 3, 2, 5], "b": [2, 2, 4, 4]})
# %%
frame = frame.set_index("year")
# %%
frame["sum"] = frame["a"] + frame["b"]
# %%
axes = frame.plot(legend=False)
plt.close("all")
# %%
print([line.get_ydata().tolist() for line in axes.lines])
# %%
scale = 100
percent = (frame.div(frame["sum"], axis=0) * scale).round(1)
print(percent.to_string())
# %%
def label(ax, text):
    ax.set_title(text)
    return ax
# %%
label(axes, "growth").get_title()
# %%
growth = frame["sum"].pct_change().round(3)
print(growth.dropna().tolist())
# %%
axes.set_xlim(2018, 2023)
print(axes.get_xlim(), axes.get_title())
