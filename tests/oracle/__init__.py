"""The oracle: random notebooks, random operations, each state compared with a clean run in plain Python.

    example.py    what a session is, as plain data      grammar.py, fragments.py   random cells and operations
    execute.py    one cell, in one namespace            clean.py                   what a clean run would show
    canon.py      values and sharing as comparable data judge.py                   the four judgements and the excess
    driver.py     an engine, driven as the kernel does  session.py                 example -> report
    shrink.py     a smaller example that still fails    reference.py               engines to test the oracle itself
    sql_cells.py  random SQL cells                      sql_plain.py               SQL cells in plain Python
    sql_kernel.py SQL cells as the kernel runs them

An engine is judged only by what its public methods tell and by the namespace that it was given.
"""
