# %%
import random
# %%
class Account:
    opened = 0

    def __init__(self, owner, balance=0):
        Account.opened += 1
        self.owner, self.balance, self.log = owner, balance, []

    def pay(self, other, amount):
        if amount > self.balance:
            raise ValueError("not enough")
        self.balance -= amount
        other.balance += amount
        self.log.append((other.owner, amount))
# %%
ann = Account("ann", 100)
bob = Account("bob", 50)
# %%
ann.pay(bob, 30)
# %%
print(ann.balance, bob.balance)
# %%
random.seed(3)
for _ in range(5):
    try:
        bob.pay(ann, random.randint(1, 60))
    except ValueError as problem:
        print("refused:", problem)
# %%
print(bob.log)
# %%
rate = 2
def interest(account):
    account.balance = round(account.balance * (1 + rate / 100), 2)
# %%
for account in (ann, bob):
    interest(account)
# %%
print(ann.balance, bob.balance, Account.opened)
