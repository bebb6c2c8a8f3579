# %%
import pandas as pd
# %%
rows = [
    ("A1", "2024-01-03", "12.50", "north"),
    ("A2", "2024-01-04", "n/a", "south"),
    ("A3", "2024-01-04", "7.25", None),
    ("A1", "2024-01-03", "12.50", "north"),
    ("A5", "2024-02-11", "88.00", "east"),
    ("A6", "2024-02-12", "-3", "north"),
]
orders = pd.DataFrame(rows, columns=["id", "day", "amount", "region"])
# %%
orders.shape
# %%
orders = orders.drop_duplicates()
print(len(orders), "rows without duplicates")
# %%
orders["amount"] = pd.to_numeric(orders["amount"], errors="coerce")
orders["day"] = pd.to_datetime(orders["day"])
# %%
lowest = 0
orders = orders[orders["amount"].fillna(lowest + 1) > lowest]
print(orders["id"].tolist())
# %%
orders["region"] = orders["region"].fillna("unknown")
# %%
fill = round(orders["amount"].median(), 2)
orders["amount"] = orders["amount"].fillna(fill)
# %%
per_region = orders.groupby("region")["amount"].agg(["sum", "count"])
print(per_region.to_string())
# %%
per_month = orders.groupby(orders["day"].dt.month)["amount"].sum()
print(per_month.to_dict())
# %%
vat = 19
print((orders["amount"] * (1 + vat / 100)).round(2).tolist())
