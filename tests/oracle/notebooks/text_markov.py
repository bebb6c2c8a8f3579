# %%
import random
from collections import defaultdict
# %%
corpus = "one fish two fish red fish blue fish one two three one two fish".split()
# %%
following = defaultdict(list)
for word, after in zip(corpus, corpus[1:]):
    following[word].append(after)
# %%
print({word: len(after) for word, after in sorted(following.items())})
# %%
random.seed(9)
length = 8
# %%
def sentence(start):
    words = [start]
    while len(words) < length and following[words[-1]]:
        words.append(random.choice(following[words[-1]]))
    return " ".join(words)
# %%
print(sentence("one"))
# %%
print(sentence("red"))
# %%
following["blue"] += ["whale"] * 3
# %%
print(sentence("blue"))
# %%
vocabulary = sorted(set(corpus))
print(len(vocabulary), vocabulary[:3])
# %%
repeat = 2
print([len(set(sentence("two").split())) for _ in range(repeat)])
