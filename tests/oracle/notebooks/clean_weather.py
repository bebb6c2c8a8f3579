# %%
import numpy as np
import pandas as pd
# %%
rng = np.random.default_rng(4)
days = pd.date_range("2024-03-01", periods=30)
# %%
temperature = pd.Series(rng.normal(12, 4, 30).round(1), index=days)
temperature.iloc[[3, 4, 17]] = np.nan
# %%
rain = pd.Series(rng.gamma(1.5, 2.0, 30).round(1), index=days)
# %%
weather = pd.DataFrame({"temp": temperature, "rain": rain})
print(weather.isna().sum().to_dict())
# %%
weather["temp"] = weather["temp"].interpolate()
# %%
window = 7
weather["smooth"] = weather["temp"].rolling(window, min_periods=1).mean().round(2)
# %%
print(weather["smooth"].iloc[-3:].tolist())
# %%
weekly = weather.resample("W")["rain"].sum()
print(weekly.round(1).tolist())
# %%
wet = 3.0
wet_days = weather[weather["rain"] > wet]
len(wet_days)
# %%
print(weather.corr().round(3).to_string())
