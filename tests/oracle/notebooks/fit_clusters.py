# %%
import numpy as np
from sklearn.cluster import KMeans
# %%
np.random.seed(7)
# %%
centres = np.array([[0, 0], [5, 5], [0, 6]])
points = np.vstack([centre + np.random.randn(20, 2) for centre in centres])
# %%
points.shape
# %%
k = 3
clusters = KMeans(n_clusters=k, n_init=4, random_state=0).fit(points)
# %%
order = np.argsort(clusters.cluster_centers_[:, 0])
print(clusters.cluster_centers_[order].round(1).tolist())
# %%
print(np.bincount(clusters.labels_).tolist())
# %%
print(round(clusters.inertia_, 2))
# %%
inertias = []
for n in range(1, 5):
    inertias.append(round(KMeans(n, n_init=2, random_state=1).fit(points).inertia_, 1))
print(inertias)
# %%
new = np.random.randn(3, 2).round(3)
clusters.predict(new).tolist()
