# %%
import numpy as np
# %%
class Perceptron:
    rate = 0.1

    def __init__(self, width):
        self.weights = np.zeros(width + 1)

    def predict(self, x):
        return int(self.weights[0] + x @ self.weights[1:] > 0)

    def learn(self, x, wanted):
        error = wanted - self.predict(x)
        self.weights[1:] += self.rate * error * x
        self.weights[0] += self.rate * error
        return abs(error)
# %%
inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
wanted = [0, 0, 0, 1]
# %%
net = Perceptron(2)
# %%
epochs = 10
errors = []
for _ in range(epochs):
    errors.append(sum(net.learn(x, w) for x, w in zip(inputs, wanted)))
print(errors)
# %%
print([net.predict(x) for x in inputs])
# %%
print(net.weights.round(2).tolist())
# %%
other = Perceptron(2)
other.rate = 0.5
for x, w in zip(inputs, [0, 1, 1, 1]):
    other.learn(x, w)
# %%
print(other.weights.tolist(), Perceptron.rate)
