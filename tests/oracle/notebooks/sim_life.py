# %%
import numpy as np
# %%
size = 8
board = np.zeros((size, size), dtype=int)
# %%
glider = [(0, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
for row, column in glider:
    board[row, column] = 1
# %%
def show(board):
    for row in board:
        print("".join(".#"[cell] for cell in row))
# %%
show(board)
# %%
def step(board):
    near = sum(np.roll(np.roll(board, i, 0), j, 1) for i in (-1, 0, 1) for j in (-1, 0, 1)) - board
    return ((near == 3) | ((board == 1) & (near == 2))).astype(int)
# %%
generations = 4
later = board
for _ in range(generations):
    later = step(later)
# %%
show(later)
# %%
print(board.sum(), later.sum())
# %%
corner = later[:3, :3]
corner[:] = 0
print(later.sum())
