# %%
import heapq
import random
# %%
clerks = 2
minutes = 60
# %%
random.seed(5)
arrivals = sorted(random.uniform(0, minutes) for _ in range(25))
# %%
def serve(arrivals, clerks, mean=4.0):
    free = [0.0] * clerks
    waits = []
    for at in arrivals:
        begin = max(at, heapq.heappop(free))
        waits.append(begin - at)
        heapq.heappush(free, begin + random.expovariate(1 / mean))
    return waits
# %%
waits = serve(arrivals, clerks)
print(round(sum(waits) / len(waits), 3))
# %%
patience = 3
print(sum(wait > patience for wait in waits), "waited too long")
# %%
with_help = serve(arrivals, clerks + 1)
print(round(max(with_help), 3))
# %%
report = {"two": round(max(waits), 2), "three": round(max(with_help), 2)}
# %%
report["gain"] = round(report["two"] - report["three"], 2)
print(report)
# %%
len(arrivals)
