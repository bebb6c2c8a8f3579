# %%
import string
# %%
shift = 3
message = "attack at dawn"
# %%
letters = string.ascii_lowercase
# %%
def table():
    return str.maketrans(letters, letters[shift:] + letters[:shift])
# %%
secret = message.translate(table())
print(secret)
# %%
def crack(text):
    for key in range(26):
        guess = text.translate(str.maketrans(letters[key:] + letters[:key], letters))
        if "attack" in guess:
            return key, guess
# %%
print(crack(secret))
# %%
key = "lemon"
rounds = 2
# %%
def vigenere(text, sign=1):
    out = []
    for i, letter in enumerate(text.replace(" ", "")):
        move = letters.index(key[i % len(key)])
        out.append(letters[(letters.index(letter) + sign * move) % 26])
    return "".join(out)
# %%
hidden = message
for _ in range(rounds):
    hidden = vigenere(hidden)
hidden
# %%
frequencies = {letter: secret.count(letter) for letter in sorted(set(secret)) if letter != " "}
print(frequencies)
