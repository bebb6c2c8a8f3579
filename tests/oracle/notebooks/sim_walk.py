# %%
import random
# %%
random.seed(42)
# %%
steps = 50
def walk(length):
    place, path = 0, [0]
    for _ in range(length):
        place += random.choice((-1, 1))
        path.append(place)
    return path
# %%
first = walk(steps)
print(first[-1], max(first))
# %%
second = walk(steps)
print(second[-1], min(second))
# %%
many = [walk(steps)[-1] for _ in range(20)]
print(sum(many) / len(many))
# %%
far = 10
print(sum(abs(end) > far for end in many), "ended far away")
# %%
label = f"{steps} steps"
# %%
print(label, "first:", first[:5])
# %%
returns = [i for i, place in enumerate(first) if place == 0]
print(returns)
