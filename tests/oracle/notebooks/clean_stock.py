# %%
import pandas as pd
# %%
stock = pd.DataFrame({
    "item": ["bolt", "nut", "gear", "belt", "cog"],
    "count": [120, 80, 15, 0, 42],
    "price": [0.1, 0.05, 4.0, 12.5, 3.3],
}).set_index("item")
# %%
deliveries = {"gear": 10, "belt": 5}
for item, count in deliveries.items():
    stock.loc[item, "count"] += count
# %%
sold = {"bolt": 30, "cog": 2}
for item, count in sold.items():
    stock.loc[item, "count"] -= count
# %%
stock["value"] = stock["count"] * stock["price"]
print(stock["value"].round(2).to_dict())
# %%
reorder_below = 20
low = stock[stock["count"] < reorder_below].index.tolist()
print("order:", low)
# %%
stock.sort_values("value", ascending=False, inplace=True)
# %%
print(stock.head(3).index.tolist())
# %%
share = (stock["value"] / stock["value"].sum()).cumsum()
cut = 0.8
print(share[share <= cut].round(3).to_dict())
# %%
total = stock["value"].sum()
f"{total:.2f}"
