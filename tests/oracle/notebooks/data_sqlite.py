# %%
import sqlite3
# %%
db = sqlite3.connect(":memory:")
# %%
db.execute("create table film (title text, year int, stars real)")
films = [("Alien", 1979, 4.5), ("Brazil", 1985, 4.1), ("Cube", 1997, 3.6)]
# %%
db.executemany("insert into film values (?, ?, ?)", films)
# %%
since = 1980
cursor = db.execute("select title from film where year > ? order by title", (since,))
# %%
print([title for (title,) in cursor])
# %%
db.execute("update film set stars = stars + 0.2 where year < 1990")
# %%
average = db.execute("select round(avg(stars), 3) from film").fetchone()[0]
print(average)
# %%
limit = 4.0
good = db.execute("select count(*) from film where stars > ?", (limit,)).fetchone()[0]
print(good, "good films")
# %%
films.append(("Dune", 2021, 4.0))
print(len(films))
