# %%
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
# %%
data = load_wine()
X, y = data.data, data.target
# %%
print(data.feature_names[:3], X.shape)
# %%
neighbours = 5
knn = KNeighborsClassifier(neighbours)
# %%
pipe = make_pipeline(StandardScaler(), knn)
# %%
folds = 3
scores = cross_val_score(pipe, X, y, cv=folds)
print(scores.round(3))
# %%
print(cross_val_score(knn, X, y, cv=folds).round(3))
# %%
pipe.fit(X, y)
print(round(pipe.score(X, y), 3))
# %%
scaler = pipe[0]
print(scaler.mean_[:3].round(2))
# %%
best = max(scores)
f"best fold {best:.3f}"
