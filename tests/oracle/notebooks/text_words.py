# %%
import re
from collections import Counter
# %%
text = """The quick brown fox jumps over the lazy dog. The dog sleeps;
the fox runs on, and on, and on. Quick foxes never rest."""
# %%
words = re.findall(r"[a-z]+", text.lower())
print(len(words), "words")
# %%
stop = {"the", "and", "on", "over"}
# %%
stop.add("never")
# %%
kept = [word for word in words if word not in stop]
# %%
counts = Counter(kept)
top = 3
print(counts.most_common(top))
# %%
lengths = Counter(map(len, kept))
print(sorted(lengths.items()))
# %%
longest = max(kept, key=len)
longest
# %%
pairs = Counter(zip(words, words[1:]))
print(pairs.most_common(2))
# %%
least = 2
print(sorted(word for word, count in counts.items() if count >= least))
