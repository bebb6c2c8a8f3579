# %%
import numpy as np
from sklearn.linear_model import LinearRegression, Ridge
# %%
rng = np.random.default_rng(11)
x = np.linspace(0, 10, 40)
# %%
slope, offset, noise = 2.0, 1.0, 0.5
y = slope * x + offset + rng.normal(0, noise, x.size)
# %%
X = x.reshape(-1, 1)
# %%
plain = LinearRegression().fit(X, y)
print(plain.coef_.round(3), round(plain.intercept_, 3))
# %%
strength = 10.0
ridge = Ridge(alpha=strength)
ridge.fit(X, y)
# %%
print(ridge.coef_.round(3))
# %%
def residual(model):
    return float(np.abs(model.predict(X) - y).mean())
# %%
for model in (plain, ridge):
    print(type(model).__name__, round(residual(model), 4))
# %%
degree = 3
np.polyfit(x, y, degree).round(3)
# %%
y[0] = 50.0
# %%
plain.fit(X, y)
print(plain.coef_.round(3), round(residual(plain), 4))
