# %%
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
# %%
X, y = load_iris(return_X_y=True)
print(X.shape)
# %%
test_share = 0.3
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=test_share, random_state=3)
# %%
print(len(X_train), len(X_test))
# %%
C = 1.0
model = LogisticRegression(C=C, max_iter=200)
# %%
model.fit(X_train, y_train);
# %%
predicted = model.predict(X_test)
print(round(accuracy_score(y_test, predicted), 3))
# %%
print(confusion_matrix(y_test, predicted).tolist())
# %%
print(model.coef_.round(2).tolist())
# %%
sample = [[5.1, 3.5, 1.4, 0.2]]
model.predict_proba(sample).round(2)
