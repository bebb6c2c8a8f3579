# %%
import re
# %%
page = """# Title
Some *bold* words and a [link](http://a.example).

## Part
- one
- two
"""
# %%
rules = [(r"\*(.+?)\*", r"<b>\1</b>"), (r"\[(.+?)\]\((.+?)\)", r"<a href='\2'>\1</a>")]
# %%
def inline(line):
    for pattern, with_ in rules:
        line = re.sub(pattern, with_, line)
    return line
# %%
lines = [inline(line) for line in page.splitlines()]
print(lines[1])
# %%
rules.append((r"words", "WORDS"))
# %%
def block(line):
    level = len(line) - len(line.lstrip("#"))
    if level:
        return f"<h{level}>{line[level:].strip()}</h{level}>"
    return f"<li>{line[2:]}</li>" if line.startswith("- ") else line
# %%
html = [block(inline(line)) for line in page.splitlines() if line]
print("\n".join(html))
# %%
headings = [line for line in html if line.startswith("<h")]
print(len(headings))
# %%
width = 20
print([line[:width] for line in html])
