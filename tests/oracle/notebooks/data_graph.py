# %%
from collections import deque
from functools import lru_cache
# %%
roads = [("a", "b", 4), ("a", "c", 1), ("c", "b", 2), ("b", "d", 5), ("c", "d", 8)]
# %%
graph = {}
for one, other, length in roads:
    graph.setdefault(one, {})[other] = length
    graph.setdefault(other, {})[one] = length
print(sorted(graph))
# %%
graph["d"]["e"] = 3
graph["e"] = {"d": 3}
# %%
def hops(start):
    found, todo = {start: 0}, deque([start])
    while todo:
        here = todo.popleft()
        for there in graph[here]:
            if there not in found:
                found[there] = found[here] + 1
                todo.append(there)
    return found
# %%
print(hops("a"))
# %%
def shortest(start):
    best = {start: 0}
    for _ in graph:
        for here in list(best):
            for there, length in graph[here].items():
                best[there] = min(best.get(there, 10**6), best[here] + length)
    return best
# %%
start = "a"
distances = shortest(start)
print(sorted(distances.items()))
# %%
far = 7
print([town for town, distance in distances.items() if distance > far])
# %%
@lru_cache
def ways(n):
    return 1 if n < 2 else ways(n - 1) + ways(n - 2)
# %%
ways(20)
