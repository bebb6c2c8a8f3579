# %%
from dataclasses import dataclass, field
# %%
@dataclass
class Town:
    healthy: float
    ill: float = 1.0
    immune: float = 0.0
    history: list = field(default_factory=list)

    def day(self, spread, recovery):
        new = spread * self.healthy * self.ill / 1000
        better = recovery * self.ill
        self.healthy -= new
        self.ill += new - better
        self.immune += better
        self.history.append(round(self.ill, 2))
# %%
spread, recovery = 0.4, 0.1
# %%
town = Town(999.0)
# %%
for _ in range(60):
    town.day(spread, recovery)
# %%
print(max(town.history), town.history.index(max(town.history)))
# %%
print(round(town.immune, 1))
# %%
masks = 0.5
calm = Town(999.0)
for _ in range(60):
    calm.day(spread * masks, recovery)
print(max(calm.history))
# %%
saved = round(town.immune - calm.immune)
print(saved)
# %%
town.history[:5]
