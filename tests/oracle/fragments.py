"""Pieces of cells by theme: text with holes, nothing else.

``<list>`` binds a name of the pool *list*, ``<list?>`` uses one that exists if there is one, ``<list?1>`` the
same one again.  ``<i>`` is a number from 0 to 9, ``<j>`` from 0 to 3, ``<k>`` a key.
"""

from __future__ import annotations

POOLS: dict[str, tuple[str, ...]] = {
    "num": ("a", "b", "c", "n"), "list": ("xs", "ys", "rows"), "nest": ("box", "deep"), "dict": ("d", "cfg"),
    "set": ("seen", "tags"), "str": ("s", "text"), "tup": ("t", "pair"), "fun": ("f", "g", "h"),
    "proc": ("bump", "step"), "hooks": ("hooks", "table"),
    "cls": ("C", "D"), "obj": ("obj", "p"), "gen": ("it", "gen"), "arr": ("arr", "v", "w"),
    "rng": ("rng", "r2"), "df": ("df", "sub"), "col": ("col",), "con": ("con",), "buf": ("buf",), "dq": ("dq",),
    "wid": ("slider", "knob"), "ax": ("ax", "ax2"), "mod": ("model", "other"),
}  # fmt: skip

THEMES: dict[str, str] = {
    "num": """
<num> = <i>
---
<num> = <i>
---
<num> = <num?> + <i>
---
<num?1> = <num?1> + <i>
---
<num?1> += <i>
---
<num?1>, <num?2> = <num?2>, <num?1>
---
<num> = <num?> * <num?>
---
print(<num?>)
---
print(<num?>, <num?>)
---
<num?> + <i>
---
if <num?> > <i>:
    <num> = <i>
---
if <num?> > <i>:
    <num=1> = <i>
else:
    <num?1> = <num?> + 1
---
for <num> in range(<j>):
    pass
---
for q in range(<j>):
    <num> = q
---
while <num?1> < <i>:
    <num?1> += 3
---
try:
    <num=1> = <i> // <num?>
except ZeroDivisionError:
    <num?1> = 77
---
try:
    <num> = undefined_thing
except NameError as err:
    print(type(err).__name__)
---
del <num?>
---
print((<num> := <i>) + 1)
---
<num> = max(<num?>, <num?>)
---
print(f"{<num?>} and {<num?>!r}")
---
<num>: int = <i>
---
<num=1> = <num=2> = <i>
---
print([<num?> * q for q in range(<j>)])
---
print("end")
""",
    "str": """
<str> = "x" * <j>
---
<str?1> += "y"
---
<str> = "-".join(str(q) for q in <list?>)
---
print(<str?>, len(<str?>))
---
<tup> = (<num?>, <i>)
---
<tup> = (<list?>, <i>)
---
<num>, <num> = <i>, <i>
---
<num>, *<list> = [<i>, <i>, <i>]
---
<tup?>[0].append(<i>)
---
print(<tup?>)
---
<str> = "".join(sorted(<str?>)).upper()
""",
    "list": """
<list> = [<i>, <i>, <i>]
---
<list> = [<num?>, <i>]
---
<list> = []
---
<list> = list(range(<j>))
---
<list?>.append(<i>)
---
<list?>.append(<num?>)
---
<list?>.extend(<list?>[:2])
---
<list?>.insert(0, <i>)
---
<list?>.sort()
---
<list?>.reverse()
---
<num> = <list?>.pop()
---
<list?>[0] = <i>
---
<list?1> += [<i>]
---
<list?1> = <list?1> + [<i>]
---
del <list?>[0]
---
<list> = <list?>
---
<list> = <list?>
---
<list> = <list?>[:]
---
<list> = sorted(<list?>)
---
<list> = [q * <i> for q in <list?>]
---
for q in list(<list?>)[:3]:
    <list?>.append(q)
---
<num> = sum(<list?>)
---
<num> = len(<list?>)
---
print(<list?>)
---
print(<list?>, <list?> is <list?>)
---
<list?>
---
<list=1> = <list=2> = [<i>]
---
<nest> = [<list?>, <list?>]
---
<nest?>[0].append(<i>)
---
<nest?>.append(<list?>)
---
for q in range(<j>):
    <list?1>.append(q)
<nest?>.append(<list?1>)
---
<nest?>[0] = [<i>]
---
<list> = <nest?>[-1]
---
print(<nest?>)
---
<nest> = [[0] * 2] * <j>
---
import heapq
heapq.heappush(<list?>, <i>)
---
<list?>[:] = [<i>, <i>]
---
<list?>.clear()
""",
    "dict": """
<dict> = {"a": <i>, "k": []}
---
<dict> = {"a": <num?>, "k": [<i>]}
---
<dict?>["k"].append(<i>)
---
<dict?>["a"] = <num?>
---
<dict?>["a"] += <i>
---
<dict?>.update(b=<i>)
---
<dict?>.setdefault("k", []).append(<i>)
---
<dict> = dict(<dict?>)
---
<dict> = <dict?>
---
<dict> = {"k": <list?>}
---
<dict?>["k"] = <list?>
---
<dict?>["k"] = <list?1>
<list?1>.append(<i>)
---
<list> = <dict?>["k"]
---
<num> = <dict?>.get("a", 0)
---
<dict?>.pop("a", None)
---
del <dict?>["a"]
---
print(<dict?>)
---
import copy
<dict> = copy.deepcopy(<dict?>)
---
<dict?1>["self"] = <dict?1>
---
<dict> = <dict?> | {"z": <i>}
---
<dict?1> |= {"z": <num?>}
---
from collections import Counter
<dict> = Counter(<list?>)
---
from collections import defaultdict
<dict> = defaultdict(list)
---
<dict?>.default_factory = <i> and int
---
<set> = {<i>, <i>}
---
<set> = set(<list?>)
---
<set?>.add(<i>)
---
<set?1> |= {<i>}
---
<set?>.discard(<i>)
---
print(sorted(<set?>))
---
<num> = len(<set?>)
---
for q, z in <dict?>.items():
    print(q)
""",
    "fun": """
def <fun>(x):
    return x + <i>
---
def <fun>(x):
    return x * <num?>
---
def <fun>(x):
    return x * <num?>
---
def f(x):
    return x + <num?>
---
def g(x):
    return f(x) + <i>
---
def h(x):
    return g(x) * f(x)
---
<fun> = lambda x: x + <num?>
---
<fun> = <fun?>
---
<num> = <fun?>(<i>)
---
<num> = <fun?>(<num?>)
---
print(<fun?>(<i>))
---
print(<fun?>(<i>))
---
<list> = [<fun?>(q) for q in range(<j>)]
---
<list> = list(map(<fun?>, <list?>[:3]))
---
<list?>.sort(key=<fun?>)
---
def <fun>(x, acc=[]):
    acc.append(x)
    return len(acc)
---
def <fun>(x, acc=<list?>):
    acc.append(x)
    return len(acc)
---
def <fun>(x, k=<num?>):
    return x + k
---
def make(k):
    def inner(x):
        return x + k + <num?>
    return inner
---
<fun> = make(<i>)
---
def counter():
    c = 0
    def tick(x):
        nonlocal c
        c += x
        return c
    return tick
<fun> = counter()
---
from functools import partial
<fun> = partial(lambda k, x: k + x, <num?>)
---
from functools import partial
<fun> = partial(max, <num?>)
---
def deco(fn):
    def wrapped(x):
        return fn(x) + <num?>
    return wrapped
---
@deco
def <fun>(x):
    return x * <i>
---
def <fun>(x):
    return len(<list?>) + x
---
def <fun>(x):
    <list?1>.append(x)
    return <list?1>[-1]
---
def <proc>():
    global <num=1>
    <num?1> += <i>
---
def <proc>():
    global <num=1>
    <num?1> = <i>
---
def <proc>():
    global <num=1>
    <num?1> = <i>
    print(<fun?>(<num?1>))
---
def <proc>():
    global <num=1>
    if <num?> > <i>:
        return
    <num?1> = <i>
    print(<num?1>)
---
def <proc>():
    global <list=1>
    <list?1> = [<num?>]
    <list?1>.append(<i>)
    return <fun?>(<i>)
---
def <proc>():
    <list?>.append(<num?>)
---
def <proc>():
    print(<list?>, <num?>)
---
<proc?>()
---
<proc?>()
---
<proc> = <proc?>
---
<fun?>.count = <i>
---
print(getattr(<fun?>, "count", None))
---
def <proc>():
    <fun?>.count = <num?>
---
<hooks> = {"f": <fun?>}
---
<hooks> = {"f": <fun?>, "g": <fun?>}
---
<hooks?>["f"] = lambda x: x - <num?>
---
print(<hooks?>["f"](<i>))
---
print([fn(2) for fn in <hooks?>.values()])
---
<fun> = <hooks?>["f"]
""",
    "cls": """
class <cls>:
    rate = <i>
    def __init__(self, v=<i>):
        self.v = v
        self.log = []
    def get(self):
        return self.v * self.rate + <num?>
    def push(self, q):
        self.log.append(q)
        return self
---
class C:
    total = 0
    def __init__(self, v=<i>):
        self.v = v
        self.log = [v]
    def get(self):
        C.total += 1
        return self.v + C.total
    def push(self, q):
        self.v += q
---
class D(C):
    def get(self):
        return super().get() + <num?>
---
from dataclasses import dataclass, field
@dataclass
class <cls>:
    v: int = <i>
    log: list = field(default_factory=list)
    def get(self):
        return self.v
    def push(self, q):
        self.log.append(q)
---
<obj> = <cls?>(<i>)
---
<obj> = <cls?>(<num?>)
---
<obj> = <cls?>()
---
<obj?>.v = <i>
---
<obj?>.v += <num?>
---
<obj?>.push(<i>)
---
<obj?>.push(<num?>)
---
<obj?>.log.append(<i>)
---
print(<obj?>.get(), <obj?>.log)
---
print(<obj?>.v)
---
<num> = <obj?>.get()
---
<cls?>.rate = <i>
---
<obj> = <obj?>
---
<list> = <obj?>.log
---
<obj?>.log = <list?>
---
<dict> = {"k": <obj?>}
---
print(isinstance(<obj?>, <cls?>))
---
<fun> = <obj?>.push
---
<fun?>(<i>)
---
<cls?>.get = lambda self: self.v - <num?>
---
<cls> = <cls?>
---
import copy
<obj> = copy.copy(<obj?>)
---
class <cls>:
    def __init__(self, v=0):
        self.v = v
        self.log = <list?>
    @property
    def double(self):
        return self.v * 2
    def get(self):
        return self.double
    def push(self, q):
        global <num=1>
        <num?1> = q
---
print(vars(<obj?>))
---
from collections import namedtuple
P = namedtuple("P", "x y")
<tup> = P(<num?>, <list?>)
""",
    "gen": """
def numbers(k):
    for q in range(k):
        yield q + <num?>
---
<gen> = numbers(<i>)
---
<gen> = (q * <num?> for q in range(<i>))
---
<gen> = iter(<list?>)
---
print(next(<gen?>, None))
---
print(next(<gen?>, None))
---
<num> = next(<gen?>)
---
print(list(<gen?>))
---
<list> = list(<gen?>)
---
<gen> = enumerate(<list?>)
---
<gen> = map(<fun?>, <list?>)
---
<gen> = zip(<list?>, <gen?>)
---
for q in <gen?>:
    print(q)
    break
---
<gen> = <gen?>
---
from itertools import count, islice
<gen> = islice(count(<i>), 4)
---
from itertools import islice
<list> = list(islice(<gen?>, 2))
---
print(sum(q for q in range(<num?> % 5)))
""",
    "import": """
import math
---
import math as m2
---
print(math.floor(<num?> / 2))
---
from math import *
---
from math import floor, sqrt
---
print(floor(<i> / 3), sqrt(<i>))
---
print(round(pi + <num?>, 3))
---
from operator import *
---
print(add(<num?>, <i>))
---
def <fun>(x):
    return floor(x / 2) + <num?>
---
import copy, json
---
<str> = json.dumps(<dict?>)
---
print(json.dumps(<list?>))
---
import collections
<dq> = collections.deque(<list?>, maxlen=3)
---
<dq?>.append(<i>)
---
<dq?>.rotate(<j>)
---
print(list(<dq?>))
""",
    "exec": """
exec("<num> = <i>")
---
exec("<list?>.append(<i>)")
---
print(eval("<num?> + <i>"))
---
text = "<num?> + <i>"
---
text = "<fun?>(<i>) + len(<list?>)"
---
text = "<list?>.append(<i>)"
---
<num> = eval(text)
---
print(eval(text))
---
print([eval(q) for q in ("<num?>", "{'a': <i>}")])
---
globals()["<num>"] = <i>
---
exec("def <fun>(x): return x + <num?>")
---
print("<num?>" in globals())
---
print(sorted(q for q in ("a", "b", "c", "n", "xs", "d") if q in globals()))
---
code = "<num> = <i>"
---
exec(code)
---
setattr(<obj?>, "v", <i>)
---
<num> = globals().get("<num?>", 0)
""",
    "random": """
import random
---
import random
random.seed(<i>)
---
random.seed(<i>)
---
<num> = random.randint(0, 99)
---
print(random.randint(0, 99))
---
import random
random.shuffle(<list?>)
---
import random
<list> = random.sample(range(50), 3)
---
def <fun>(x):
    return x + random.randint(0, 99)
---
<rng> = random.Random(<i>)
---
from random import *
---
print(randint(0, 99))
---
import numpy as np
np.random.seed(<i>)
---
print(np.random.randint(0, 99, 2))
---
<arr> = np.random.randint(0, 99, 3)
---
import numpy as np
<rng> = np.random.default_rng(<i>)
---
<rng> = <rng?>
---
print(<rng?>.random())
---
<num> = int(<rng?>.random() * 100)
---
<list> = [<rng?>.random() for q in range(<j>)]
---
<dict> = {"k": <rng?>}
---
np.random.shuffle(<arr?>)
""",
    "arr": """
import numpy as np
---
import numpy as np
<arr> = np.arange(<j> + 2)
---
import numpy as np
<arr> = np.array([<i>, <i>, <i>])
---
import numpy as np
<arr> = np.zeros((2, 2))
---
<arr?>[0] = <i>
---
<arr?>[0] = <num?>
---
<arr> = <arr?>[1:]
---
<arr> = <arr?>
---
<arr?1> += <i>
---
<arr> = <arr?> + <i>
---
<arr> = <arr?>.reshape(-1, 1)
---
<arr> = <arr?>.T
---
np.add(<arr?1>, <i>, out=<arr?1>)
---
<arr?>.sort()
---
<arr?>.fill(<i>)
---
print(<arr?>.sum(), <arr?>.tolist())
---
print(<arr?>)
---
<arr?>
---
<arr> = <arr?>.copy()
---
<dict> = {"k": <arr?>}
---
<num> = int(<arr?>.max())
---
<list> = <arr?>.tolist()
---
<arr?>[<arr?> > <i>] = 0
---
<arr> = np.sort(<arr?>)
---
np.put(<arr?>, [0], <i>)
---
def <proc>():
    <arr?>[-1] = <num?>
---
for q in <arr?>:
    print(q)
""",
    "df": """
import pandas as pd
---
import pandas as pd
<df> = pd.DataFrame({"x": [<i>, <i>, <i>], "g": ["p", "q", "p"]})
---
import pandas as pd
<df> = pd.DataFrame({"x": [<num?>, <i>], "g": ["p", "q"]})
---
<df?1>["y"] = <df?1>["x"] * <i>
---
<df?>["y"] = <num?>
---
<df?1> = <df?1>[<df?1>["x"] > <i>]
---
<df> = <df?>.dropna()
---
<df?>.sort_values("x", inplace=True)
---
<df> = <df?>.assign(z=<num?>)
---
<df?>.loc[0, "x"] = <i>
---
<df> = <df?>
---
<df> = <df?>[["x"]]
---
<df> = <df?>.copy()
---
print(<df?>.groupby("g")["x"].sum().to_dict())
---
print(<df?>.to_string())
---
print(<df?>.shape, list(<df?>.columns))
---
<df?>
---
<df?>.drop(columns=["y"], inplace=True)
---
<col> = <df?>["x"]
---
<col?>.iloc[0] = <i>
---
print(<col?>.tolist())
---
<df?>.rename(columns={"x": "x", "y": "w"}, inplace=True)
---
<df?>.insert(0, "q", <i>)
---
<col> = <df?>.pop("x")
---
<df?>.attrs["k"] = <i>
---
print(<df?>.query("x > @<num?>").shape)
---
<df?>.eval("e = x + @<num?>", inplace=True)
---
del <df?>["y"]
---
<df?1>["f"] = <df?1>["x"].apply(<fun?>)
---
<df?1>["m"] = <df?1>["x"].map(lambda q: q + <num?>)
---
<num> = int(<df?>["x"].sum())
---
<df?>.index.name = "i<j>"
---
<df> = pd.concat([<df?>, <df?>], ignore_index=True)
---
<list> = <df?>["x"].tolist()
---
<df?>.columns = [str(q) for q in <df?>.columns]
---
<dict> = {"k": <df?>}
""",
    "frames": """
import pandas as pd
<df> = pd.DataFrame({"x": [<i>, None, <i>], "g": ["p", None, "q"], "n": [<i>, <i>, <i>]})
---
import pandas as pd
<df> = pd.DataFrame({"x": [<num?>, 2.5, <i>], "g": ["q", "p", "q"], "n": range(3)})
---
import numpy as np
import pandas as pd
<df> = pd.DataFrame(np.arange(6).reshape(3, 2), columns=["x", "n"]).assign(g="p")
---
<arr> = <df?>["x"].values
---
<arr> = <df?>["n"].to_numpy()
---
<arr> = <df?>[["x", "n"]].to_numpy()
---
<arr> = <df?>.values
---
<arr> = <arr?>[1:]
---
print(<arr?>.tolist())
---
print(<arr?>)
---
<arr?>[0] = <i>
---
<df?>.fillna(<i>, inplace=True)
---
<df?1>["x"] = <df?1>["x"].fillna(<df?1>["x"].mean())
---
<df> = <df?>.fillna({"x": <i>, "g": "r"})
---
<df?>.dropna(inplace=True)
---
<df?>.drop(columns=["zz"], errors="ignore", inplace=True)
---
<df?>.drop(index=[<j>], inplace=True)
---
<df?>.reset_index(drop=True, inplace=True)
---
<df?1>.loc[<df?1>["n"] > <i>, "x"] = <num?>
---
<df?>.iloc[0, 0] = <i>
---
<df?>.loc[0, "x"] = <i>
---
<df?>.at[1, "n"] = <i>
---
<df?1>.loc[len(<df?1>)] = [<i>, "r", <i>]
---
<col> = <df?>["n"]
---
<col> = <df?>.loc[:, "x"]
---
<col?1> += 1
---
<col?>.iloc[0] = <i>
---
<col> = <col?>.copy()
---
<col?>.name = "c<j>"
---
print(<col?>.tolist(), <col?>.name)
---
import pandas as pd
<df> = pd.DataFrame({"x": <arr?>, "n": <arr?>})
---
import pandas as pd
<col> = pd.Series(<arr?>, copy=False)
---
<df?1>["n"] = <df?1>["n"].astype(float)
---
<df?1>["g"] = <df?1>["g"].astype("category")
---
import pandas as pd
<df?1>["t"] = pd.date_range("2020-01-01", periods=len(<df?1>))
---
<df?>.set_index("g", inplace=True)
---
<df> = <df?>.set_index("n")
---
<df> = <df?>.reset_index()
---
<df> = <df?>.T
---
<df?>.rename(columns={"n": "m"}, inplace=True)
---
<df> = <df?>.merge(<df?>[["n"]], on="n", how="left")
---
<df> = <df?>.groupby("g", as_index=False)["n"].sum()
---
grouped = <df?>.groupby("g")
---
print(grouped["n"].sum().to_dict())
---
<df?1>["c"] = <df?1>.groupby("g")["n"].transform("sum")
---
<df?1>["s"] = <df?1>["g"].str.upper()
---
for q, row in <df?>.iterrows():
    print(q, row["n"])
---
<df> = <df?>.copy(deep=False)
---
<df> = <df?>
---
<df> = <df?>[["x", "n"]]
---
<df> = <df?>.head(<j>)
---
<df> = <df?>.sort_values("n", ascending=False)
---
<df?>.sort_index(inplace=True)
---
ix = <df?>.index
---
print(ix is <df?>.index, ix.name, list(ix))
---
<df?>.index.name = "i<j>"
---
print(<df?>.isna().sum().to_dict())
---
print(<df?>.to_string())
---
<df?>
---
<df?>["x"].mean()
---
<df?>.replace(<i>, 0, inplace=True)
---
<df?>.drop_duplicates(subset="n", inplace=True)
---
<df?>["x"].fillna(<i>, inplace=True)
---
<df?>.update(<df?>)
---
def clean(frame):
    frame["n"] = frame["n"] + <num?>
    return frame
---
<df> = clean(<df?>)
---
clean(<df?>)
---
<df> = <df?>.pipe(clean)
---
<dict> = {q: part for q, part in <df?>.groupby("g")}
---
<list> = [part for _, part in <df?>.groupby("n")]
---
print(len(<dict?>), len(<list?>))
---
<df?1>.columns = list("abcdefgh")[:<df?1>.shape[1]]
---
import pandas as pd
<df> = pd.concat([<df?>, <df?>], axis=1)
---
import pandas as pd
<df> = pd.get_dummies(<df?>, columns=["g"])
---
<df?1>[["x", "n"]] = <df?1>[["n", "x"]]
---
<num> = <df?>["n"].iloc[0].item()
---
<df?1> = <df?1>.query("n >= @<num?>")
---
print(<df?>["g"].dropna().value_counts().to_dict())
""",
    "plots": """
from matplotlib.figure import Figure
fig = Figure()
<ax> = fig.subplots()
---
from matplotlib.figure import Figure
fig = Figure()
<ax=1>, <ax=2> = fig.subplots(1, 2)
---
<ax> = fig.add_subplot(2, 2, <j> + 1)
---
<ax> = fig.axes[0]
---
<ax> = <ax?>
---
<ax?>.plot([<i>, <i>, <num?>])
---
<ax?>.plot(<list?>, label="l<j>")
---
<ax?>.bar(["p", "q"], [<i>, <num?>])
---
<ax?>.scatter([<i>, <i>], [<i>, <num?>])
---
<ax?>.hist(<list?>)
---
<ax?>.set_title("t<j>")
---
<ax?>.set(xlabel="x<j>", ylabel=str(<num?>))
---
<ax?>.set_xlim(0, <num?> + 20)
---
<ax?>.axhline(<num?>)
---
<ax?>.text(0, 0, str(<num?>))
---
<ax?>.legend()
---
<ax?>.clear()
---
line, = <ax?>.plot([<i>, <i>])
---
line.set_ydata([<i>, <i>])
---
line.set_label("m<j>")
---
line.remove()
---
for q in fig.axes:
    q.set_ylabel("y<j>")
---
fig.suptitle("s<j>")
---
fig.clear()
---
def draw(target, values):
    target.plot(values)
    target.set_title(str(<num?>))
---
draw(<ax?>, <list?>)
---
<list> = [q.get_title() for q in fig.axes]
---
<dict> = {"k": <ax?>}
---
<dict?>["k"].plot([<i>])
---
print(len(<ax?>.lines), <ax?>.get_title(), <ax?>.get_xlabel())
---
print([q.get_ydata().tolist() for q in <ax?>.lines])
---
print(len(fig.axes), <ax?> is fig.axes[0])
---
print([q.get_text() for q in <ax?>.texts], len(<ax?>.patches), <ax?>.get_xlim())
---
print(line.get_label(), list(line.get_ydata()))
""",
    "models": """
from sklearn.linear_model import LinearRegression
<mod> = LinearRegression()
---
from sklearn.preprocessing import StandardScaler
<mod> = StandardScaler()
---
from sklearn.tree import DecisionTreeRegressor
<mod> = DecisionTreeRegressor(max_depth=<j> + 1, random_state=<i>)
---
import numpy as np
data = np.array([[<i>, 1], [<i>, 2], [3, <num?>]], dtype=float)
---
target = [<i>, <num?>, 2]
---
<mod?>.fit(data, target)
---
<mod> = <mod?>.fit(data, target)
---
<mod?1> = <mod?1>.fit(data[1:], target[1:])
---
<mod> = <mod?>
---
from sklearn.base import clone
<mod> = clone(<mod?>)
---
<mod?>.set_params(**<dict?>)
---
print(<mod?>.get_params())
---
print(vars(<mod?>).keys())
---
print(<mod?>.predict(data).round(3).tolist())
---
data = <mod?>.fit_transform(data)
---
data = <mod?>.transform(data)
---
print(<mod?>.score(data, target))
---
<num> = <mod?>.n_features_in_
---
<mod?>.coef_ = data[0]
---
data[0] = <i>
---
target.append(<i>)
---
target[0] = <num?>
---
<list> = [<mod?>, <mod?>]
---
for q in <list?>:
    q.fit(data, target)
---
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LinearRegression
<mod> = make_pipeline(StandardScaler(), LinearRegression())
---
def score(model):
    return round(float(model.fit(data, target).score(data, target)), 3)
---
print(score(<mod?>))
---
print(data.tolist(), target)
""",
    "io": """
import io
<buf> = io.StringIO()
---
<buf?>.write("<num?>")
---
<buf?>.write(str(<num?>))
---
print("<i>", file=<buf?>)
---
print(<buf?>.getvalue())
---
<buf> = <buf?>
---
import sqlite3
<con> = sqlite3.connect(":memory:")
---
import sqlite3
<con=1> = sqlite3.connect(":memory:")
<con?1>.execute("create table u (x)")
---
<con?>.execute("create table if not exists u (x)")
---
<con?>.execute("insert into u values (<i>)")
---
<con?>.execute("insert into u values (?)", (<num?>,))
---
print(<con?>.execute("select * from u").fetchall())
---
<num> = <con?>.execute("select count(*) from u").fetchone()[0]
---
import threading
lock = threading.Lock()
---
with lock:
    <num> = <i>
---
print(lock.locked())
""",
    "state": """
err = ValueError(<num?>, "<i>")
---
err.args = (<num?>,)
---
print(err, err.args)
---
def shared(k):
    def add(x):
        nonlocal k
        k += x
        return k
    return add, lambda x: k
---
def shared(k=<i>):
    held = [k]
    return held.append, lambda x: sum(held) + x
---
<fun=1>, <fun=2> = shared(<i>)
---
<fun=1>, <fun=2> = shared(<num?>)
---
<fun?>(<i>)
---
print(<fun?>(<i>))
---
<hooks> = {"f": <fun?>, "g": <fun?>}
---
for fn in <hooks?>.values():
    fn(<i>)
---
import functools
@functools.cache
def <fun>(x):
    print("computing", x)
    return x + <i>
---
import functools
@functools.lru_cache(maxsize=None)
def <fun>(x):
    <list?>.append(x)
    return x * <i>
---
<num> = <fun?>(<j>)
---
def <fun=1>(x):
    <fun?1>.calls += x
    return <fun?1>.calls
<fun?1>.calls = <i>
---
import random
random.seed(<i>)
---
import random
kept = random.getstate()
---
import random
print(random.randint(0, 99))
---
random.setstate(kept)
print(random.randint(0, 99))
""",
    "ways": """
import operator
operator.setitem(<dict?>, "a", <i>)
---
import bisect
bisect.insort(<list?>, <i>)
---
list.append(<list?>, <num?>)
---
(lambda z: z.append(<i>))(<list?>)
---
[z.append(<i>) for z in <nest?>]
---
for z in <nest?>:
    z.append(<num?>)
---
z = <list?>
z.append(<i>)
---
globals()["<list?>"].append(<i>)
---
while len(<list?1>) < <j>:
    <list?1>.append(<num?>)
---
import threading
worker = threading.Thread(target=<list?>.append, args=(<i>,))
worker.start()
worker.join()
del worker
---
def <fun>(x, held=<list?>):
    def inner():
        held.append(x)
        return len(held)
    return inner()
---
<proc> = <list?>.reverse
---
<proc?>()
---
def change(z, x):
    z.append(x)
    return z
---
change(<list?>, <i>)
---
<list> = change(<list?>, <num?>)
---
import functools
def counted(fn):
    @functools.wraps(fn)
    def wrapped(*args):
        <list?>.append(len(args))
        return fn(*args)
    return wrapped
---
@counted
def <fun>(x):
    return x + <num?>
---
import functools
<num> = functools.reduce(lambda x, y: x + y, <list?>, <i>)
---
match <list?>:
    case [<num=1>, *rest]:
        print(<num?1>)
    case _:
        print("none")
---
match <num?>:
    case 0 | 1:
        <str> = "low"
    case q if q > <i>:
        <str> = "high"
---
if (<num=1> := len(<list?>)) > <j>:
    print(<num?1>)
---
print([<num> := q for q in <list?>][:2])
---
from contextlib import suppress
with suppress(ValueError):
    <list?>.remove(<i>)
---
from contextlib import contextmanager
@contextmanager
def section(k):
    print("in", k)
    yield k + <num?>
    print("out")
---
with section(<i>) as <num>:
    <list?>.append(<i>)
---
try:
    <num=1> = <list?>[<j>]
except IndexError:
    <num?1> = <i>
else:
    print("found")
finally:
    print("done")
---
def walk(k):
    while k:
        k -= 1
        <list?>.append(k)
        yield k
---
<gen> = walk(<j>)
---
<gen> = filter(lambda q: q != <num?>, <list?>)
---
from itertools import accumulate, chain
<gen> = chain(accumulate(<list?>), [<i>])
---
<gen> = reversed(<list?>)
""",
    "kinds": """
class <cls>:
    rate = <i>
    made = []
    def __init__(self, v=<i>):
        self.v = v
        self.log = []
        self.made.append(v)
    def __enter__(self):
        self.v += 1
        return self
    def __exit__(self, *exc):
        self.log.append("out")
    def __call__(self, x):
        return self.v + x + <num?>
    def __iter__(self):
        return iter(self.log)
    def get(self):
        return len(self.made)
    def push(self, q):
        self.log.append(q)
---
class <cls>:
    def __init__(self, v=<i>):
        self.v = v
        self.log = <list?>
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return <num?>
    @property
    def twice(self):
        return self.v * 2
    @twice.setter
    def twice(self, v):
        self.v = v // 2
    @classmethod
    def of(cls, v):
        return cls(v + <num?>)
    def __len__(self):
        return len(self.log) + 1
    def __eq__(self, other):
        return self.v == other.v
    __hash__ = None
    def get(self):
        return self.twice
    def push(self, q):
        self.v += q
---
class <cls>(list):
    v = <i>
    log = []
    def push(self, q):
        self.append(q + <num?>)
    def get(self):
        return len(self)
---
<obj> = <cls?>()
---
with <obj?> as z:
    print(z.v)
---
print(<obj?>(<i>))
---
print([q for q in <obj?>])
---
<cls?>.made.append(<i>)
---
print(getattr(<cls?>, "made", None))
---
<obj?>.twice = <i>
---
print(<obj?>.twice, <obj?>.missing)
---
<obj> = <cls?>.of(<num?>)
---
print(<obj?> == <obj?>, len(<obj?>))
---
<list> = [<cls?>(q) for q in range(<j>)]
---
for z in <list?>:
    z.v = <i>
---
<obj?>.push(<num?>)
---
print(<obj?>.get())
---
import types
<obj> = types.SimpleNamespace(v=<num?>, log=<list?>)
---
setattr(<obj?>, "log", <list?>)
---
<obj?>.link = <obj?>
---
from enum import Enum
class Level(Enum):
    LOW = <i>
    HIGH = 99
---
print(Level.LOW.value)
---
<cls?>.rate = <num?>
""",
    "process": """
import os
os.environ["ORACLE"] = "<i>"
---
import os
print(os.environ.get("ORACLE"))
---
import os
---
<str> = os.environ.get("ORACLE", "none")
---
import decimal
decimal.getcontext().prec = <i> + 2
---
import decimal
print(decimal.Decimal(1) / 7)
---
from decimal import Decimal
---
def <fun>(x):
    return Decimal(x) / 3
---
import contextlib
with contextlib.redirect_stdout(<buf?>):
    print(<num?>)
---
import csv
csv.writer(<buf?>).writerow([<num?>, "z"])
---
import queue
jobs = queue.Queue()
---
jobs.put(<num?>)
---
print(jobs.qsize())
""",
    "polars": """
import polars as pl
---
import polars as pl
<df> = pl.DataFrame({"x": [<i>, <i>, <i>], "g": ["p", "q", "p"]})
---
<df> = pl.DataFrame({"x": [<num?>, <i>], "g": ["p", "q"]})
---
<df> = <df?>
---
<df?1> = <df?1>.with_columns(y=pl.col("x") + <num?>)
---
<df> = <df?>.filter(pl.col("x") > <i>)
---
<df?>[0, "x"] = <i>
---
<df?>.insert_column(0, pl.Series("q<i>", [1] * len(<df?>)))
---
<list> = <df?>["x"].to_list()
---
print(<df?>.shape, <df?>["x"].to_list())
---
<df> = <df?>.clone()
---
<dict> = {"k": <df?>}
---
<col> = <df?>["x"]
---
<num> = len(<df?>)
---
import numpy as np
<arr=1> = np.arange(3.0) + <num?>
<df> = pl.DataFrame({"x": <arr?1>, "g": ["p", "q", "p"]})
---
<arr?>[0] = <i>
---
<arr?> += <num?>
""",
    "error": """
1 / 0
---
<list?>.append(<i>)
1 / 0
---
<num> = <i>
raise ValueError("no")
---
print(undefined_name)
---
assert <num?> > <i>
---
<num> = <i> // <num?>
---
print(<list?>[<i>])
---
x = = 1
---
<dict?>["k"].append(<num?>)
raise KeyError(<i>)
---
if <num?> > <i>:
    raise ValueError(<num?>)
""",
    "widgets": """
import ipywidgets
<wid> = ipywidgets.IntSlider(<i>)
---
import ipywidgets
<wid> = ipywidgets.IntText(<i>)
---
print(<wid?>.value)
---
<num> = <wid?>.value + <i>
---
<wid?>.value = <i>
---
<wid?1>.value += <j>
---
<wid?1>.value = min(<wid?1>.value, <i>)
---
<wid?>.value = <num?>
---
<wid?>.description = "<k>"
---
<wid?>.unit = <i>
---
print(<wid?1>.description, getattr(<wid?1>, "unit", None))
---
<wid?>.observe(lambda change: <list?>.append(change.new + <j>), "value")
---
def <fun=1>(change):
    <list?>.append(<num?>)
<wid?>.observe(<fun?1>, "value")
---
<wid?>.unobserve_all()
---
import ipywidgets
tie = ipywidgets.link((<wid?>, "value"), (<wid?>, "value"))
---
import ipywidgets
shelf = ipywidgets.VBox([<wid?>])
shelf.children[0].value = <i>
---
<list> = [<wid?>]
---
print(<list?>)
""",
    "modules": """
import om1
---
import om1
print(om1.RATE)
---
import om1 as m1
<num> = m1.scale(<num?>)
---
from om1 import scale
---
from om1 import scale as <fun>
---
from om1 import RATE, ITEMS
print(RATE, ITEMS)
---
from om1 import *
---
import om2
---
from om2 import shifted, Crate
---
from om2 import *
---
<num> = om1.RATE
---
<num> = om1.scale(<num?>)
---
<num> = scale(<num?>)
---
<list> = list(map(om1.scale, <list?>))
---
<list> = list(om1.ITEMS)
---
<num> = om1.ITEMS[0] + <i>
---
<list> = [om1.Box(<i>)]
---
<obj> = om1.Box(<num?>)
---
<obj> = Box(<i>)
---
<obj> = om2.Crate(<i>)
---
print(<obj?>.get())
---
print(<obj?>)
---
<obj?>.v += <i>
---
print(isinstance(<obj?>, om1.Box))
---
print(om2.rate(), om2.shifted(<num?>))
---
<num> = shifted(<num?>)
---
<fun> = om2.shifted
---
print(<fun?>(<i>))
---
def <fun>(x):
    return om1.scale(x) + <i>
---
@om1.loud
def <fun>(x):
    return x + <num?>
---
<gen> = om1.numbers(3)
---
print(next(<gen?>, None))
---
class <cls>(om1.Box):
    def get(self):
        return super().get() + <i>
---
<obj> = <cls?>(<i>)
---
def <fun>(x):
    import om2
    return om2.shifted(x)
---
from functools import partial
<fun> = partial(om1.scale, <i>)
""",
}


def fragments(theme: str) -> list[str]:
    """Return the pieces of a theme."""
    return [piece.strip("\n") for piece in THEMES[theme].split("---\n")]
