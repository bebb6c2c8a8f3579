"""How long the analysis of a cell takes, beside ``ast.parse`` and ``symtable`` of the same text in the same run.

    python -m benchmarks.analysis

Prints microseconds per cell (best of alternating rounds) and ratios; the ratios are what to compare between machines.
"""

from __future__ import annotations

import ast
import symtable
import time
from collections.abc import Callable
from functools import partial

from reactive_kernel.core.python import analyse

CELLS = {
    "data frame": """\
import pandas as pd
import matplotlib.pyplot as plt
df = pd.read_csv("data.csv", parse_dates=["date"])
df = df[df["price"] > threshold].dropna(subset=["price", "area"])
df["per_m2"] = df["price"] / df["area"]
summary = df.groupby("city")["per_m2"].agg(["mean", "count"])
for city, row in summary.iterrows():
    print(f"{city}: {row['mean']:.1f}")
fig, ax = plt.subplots(figsize=(8, 4))
ax.bar(summary.index, summary["mean"], color=palette[0])
ax.set_title(f"Mean price, {len(df)} flats")
""",
    "functions": """\
def clean(text, stop=STOPWORDS):
    words = [w.lower() for w in text.split() if w.isalpha()]
    return [w for w in words if w not in stop]

def count(texts):
    total = Counter()
    for text in texts:
        total.update(clean(text))
    return total

top = count(corpus).most_common(n_top)
""",
    "model": """\
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=seed)
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_test = scaler.transform(X_test)
models = {"lr": LogisticRegression(C=c), "rf": RandomForestClassifier(n_estimators=100)}
scores = {}
for name, model in models.items():
    model.fit(X_train, y_train)
    scores[name] = model.score(X_test, y_test)
best = max(scores, key=scores.get)
print(best, scores[best])
""",
    "magics": """\
%matplotlib inline
!pip install -q {package}
import numpy as np
%time data = load(path)
x = np.linspace(0, 1, 100)
y = np.sin(x) * amplitude
if verbose:
    print(x.mean(), y.std())
plt.plot(x, y, label="signal")
plt.legend()
plt.show()
""",
}


def best_of(functions: list[Callable[[], object]], rounds: int = 15, repeat: int = 60) -> list[float]:
    """Return each function's best time per call in microseconds, taken in alternation."""
    best = [float("inf")] * len(functions)
    for _ in range(rounds):
        for number, function in enumerate(functions):
            start = time.perf_counter()
            for _ in range(repeat):
                function()
            best[number] = min(best[number], (time.perf_counter() - start) / repeat * 1e6)
    return best


def main() -> None:
    """Print a line per kind of cell."""
    print(f"{'cell':<12}{'lines':>6}{'ast.parse':>11}{'symtable':>10}{'analyse':>9}{'× parse':>9}")
    for name, source in CELLS.items():
        plain = "\n".join("pass" if line[:1] in "%!" else line for line in source.split("\n"))
        parse, table, ours = best_of(
            [partial(ast.parse, plain), partial(symtable.symtable, plain, "", "exec"), partial(analyse, source)]
        )
        lines = source.count("\n")
        print(f"{name:<12}{lines:>6}{parse:>8.0f} µs{table:>7.0f} µs{ours:>6.0f} µs{ours / parse:>9.2f}")


if __name__ == "__main__":
    main()
