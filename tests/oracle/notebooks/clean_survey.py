# %%
import numpy as np
import pandas as pd
# %%
answers = pd.DataFrame({
    "age": [23, 41, 230, 35, None, 58],
    "city": [" Berlin", "berlin", "PARIS ", "Paris", "Rome", "rome"],
    "score": [3, 5, 4, 2, 9, 1],
})
# %%
def tidy(name):
    return name.strip().title()
# %%
answers["city"] = answers["city"].map(tidy)
print(sorted(answers["city"].unique()))
# %%
oldest = 110
answers.loc[answers["age"] > oldest, "age"] = np.nan
print(answers["age"].isna().sum(), "ages missing")
# %%
answers["age"] = answers["age"].fillna(answers["age"].mean()).round(1)
# %%
top = 5
answers["score"] = answers["score"].clip(upper=top)
# %%
bins = [0, 30, 50, 120]
answers["group"] = pd.cut(answers["age"], bins).astype(str)
print(answers["group"].value_counts().sort_index().to_dict())
# %%
print(answers.pivot_table(index="city", values="score", aggfunc="mean").round(2).to_string())
# %%
answers.describe().round(2).loc[["mean", "max"]]
