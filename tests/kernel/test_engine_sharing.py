"""Names that only share objects with what a cell changes: what follows from that, and what doesn't."""

from __future__ import annotations

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges


def test_code_in_what_only_shares_with_what_changes_is_not_called() -> None:
    notebook = Notebook(
        "k = 1\ndef rate(): return k",
        "class Account:\n    n = 0\n    def add(self): self.n += 1\n"
        "class Bank:\n    def __init__(self, *all): self.all = all\n"
        "    def total(self): return sum(a.n for a in self.all) * rate()",
        "account = Account()\nbank = Bank(account)",
        "account.add()",
        "print(bank.total())",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["d"] == "account<c bank<c"
    assert edges(notebook)["e"] == "bank<d k<a rate<a"
    assert notebook.run("a", "k = 3\ndef rate(): return k") == "ae"
    notebook.check()
    assert notebook.run("d", "account.add()\nprint(bank.total())") == "d"
    assert edges(notebook)["d"] == "account<c bank<c k<a rate<a"
    notebook.check()
