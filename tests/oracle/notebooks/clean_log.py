# %%
from collections import Counter, defaultdict
from datetime import datetime
# %%
log = [
    "2024-05-01 10:00:01 INFO start",
    "2024-05-01 10:00:07 WARN slow 120 ms",
    "2024-05-01 10:01:10 INFO request 35 ms",
    "2024-05-01 10:01:59 ERROR broken pipe",
    "garbage",
    "2024-05-01 10:05:00 INFO request 48 ms",
]
# %%
def parse(line):
    parts = line.split(" ", 3)
    if len(parts) < 4:
        return None
    when = datetime.strptime(" ".join(parts[:2]), "%Y-%m-%d %H:%M:%S")
    return when, parts[2], parts[3]
# %%
entries = [entry for entry in map(parse, log) if entry]
skipped = len(log) - len(entries)
print(skipped, "lines skipped")
# %%
levels = Counter(level for _, level, _ in entries)
print(levels.most_common())
# %%
per_minute = defaultdict(list)
for when, level, text in entries:
    per_minute[when.minute].append(text)
# %%
print({minute: len(texts) for minute, texts in per_minute.items()})
# %%
limit = 40
times = [int(text.split()[-2]) for _, _, text in entries if text.endswith("ms")]
print([t for t in times if t > limit])
# %%
levels.update(["INFO"] * 2)
levels["DEBUG"] += 1
# %%
print(dict(levels))
# %%
span = entries[-1][0] - entries[0][0]
span.total_seconds()
