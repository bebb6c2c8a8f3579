# %%
import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier, export_text
# %%
rng = np.random.default_rng(2)
frame = pd.DataFrame({"age": rng.integers(18, 80, 60), "income": rng.integers(10, 90, 60)})
# %%
frame["buys"] = (frame["income"] > 40) & (frame["age"] < 60)
print(frame["buys"].mean().round(3))
# %%
features = ["age", "income"]
# %%
depth = 2
tree = DecisionTreeClassifier(max_depth=depth, random_state=0)
tree.fit(frame[features], frame["buys"])
# %%
print(export_text(tree, feature_names=features))
# %%
print(tree.feature_importances_.round(2))
# %%
frame["guess"] = tree.predict(frame[features])
print((frame["guess"] == frame["buys"]).mean().round(3))
# %%
someone = pd.DataFrame({"age": [33], "income": [55]})
tree.predict(someone)
