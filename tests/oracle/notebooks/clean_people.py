# %%
import re
# %%
raw = """Anna Schmidt;anna@example.org;+49 30 1234
bob jones;BOB@EXAMPLE.ORG;030-99 88
Anna  Schmidt;anna@example.org;+49301234
carla;carla(at)example.org;
"""
# %%
people = []
for line in raw.splitlines():
    name, mail, phone = line.split(";")
    people.append({"name": name, "mail": mail, "phone": phone})
print(len(people))
# %%
for person in people:
    person["name"] = " ".join(part.capitalize() for part in person["name"].split())
# %%
for person in people:
    person["mail"] = person["mail"].lower().replace("(at)", "@")
# %%
country = "+49"
def digits(text):
    text = text.replace(country, "0")
    return re.sub(r"[^0-9]", "", text)
# %%
for person in people:
    person["phone"] = digits(person["phone"])
# %%
unique = {}
for person in people:
    unique.setdefault(person["mail"], person)
print(sorted(unique))
# %%
shortest = 4
bad = [person["name"] for person in unique.values() if len(person["phone"]) < shortest]
print("to check:", bad)
# %%
people.sort(key=lambda person: (person["name"], person["mail"]))
print([person["name"] for person in people])
