"""PyTorch's tensors: what trains a model is a change of it, wherever the cell that reads it stands."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges

pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("no_hurry")

MODEL = (
    "import torch\ntorch.manual_seed(1)\nmodel = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))\n"
    "opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)\nx = torch.ones(4, 2)"
)


def test_a_step_of_an_optimizer_changes_the_model() -> None:
    notebook = Notebook(
        MODEL,
        "loss = (model(x) ** 2).sum()\nopt.zero_grad()\nloss.backward()",
        "opt.step()",
        "print(model[0].weight, [p.grad for p in model.parameters()])",
        "opt.zero_grad()",
        "print([p.grad for p in model.parameters()])",
    )
    assert notebook.all() == "abcdef"
    assert {"model<c"} <= set(edges(notebook)["d"].split())
    assert {"model<e"} <= set(edges(notebook)["f"].split())
    notebook.check()
    notebook.edit("c", "for group in opt.param_groups:\n    group['lr'] = 0.5\nopt.step()")
    notebook.all()
    notebook.check()
    notebook.delete("c")
    notebook.all()
    notebook.check()
    notebook.edit("e", "opt.zero_grad(set_to_none=False)")
    notebook.all()
    notebook.check()


def test_going_back_from_a_result_sets_the_gradients_of_what_it_was_worked_out_from() -> None:
    notebook = Notebook(
        "import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)",
        "y = (w * w).sum()",
        "y.backward()",
        "print(w.grad)",
    )
    assert notebook.all() == "abcd"
    assert edges(notebook)["d"] == "w<c"
    notebook.edit("c", "y.backward(torch.tensor(3.0))")
    notebook.all()
    notebook.check()
    notebook.edit("c", "pass")
    notebook.all()
    notebook.check()


def test_tensors_that_look_at_the_same_memory_change_together() -> None:
    notebook = Notebook(
        "import torch\nx = torch.zeros(6)",
        "view, array, same = x[2:], x.numpy(), x.detach()",
        "view.add_(1)",
        "array[0] = 5",
        "print(x, same)",
        "x.resize_(2)",
        "print(x)",
    )
    assert notebook.all() == "abcdefg"
    assert "x<d" in edges(notebook)["e"]
    assert edges(notebook)["g"] == "x<f"
    notebook.check()
    for cell, text in (("d", "array[1] = 6"), ("c", "view.add_(2)"), ("f", "x.resize_(3)"), ("d", "pass"), ("f", "1")):
        notebook.edit(cell, text)
        notebook.all()
        notebook.check()


def test_a_model_that_is_only_used_is_not_changed() -> None:
    notebook = Notebook(
        MODEL,
        "model.eval()",
        "model.eval()\nwith torch.no_grad():\n    out = model(x)",
        "print(model.training, out)",
        "for p in model.parameters():\n    p.requires_grad = False",
        "print(any(p.requires_grad for p in model.parameters()))",
        "model.double()",
        "print(model[0].weight.dtype)",
    )
    assert notebook.all() == "abcdefgh"
    assert {"model<b"} <= set(edges(notebook)["d"].split())
    assert edges(notebook)["f"] == "model<e"
    assert edges(notebook)["h"] == "model<g"
    notebook.check()
    for cell, text in (("g", "model.float()"), ("e", "1"), ("b", "model.train()")):
        notebook.edit(cell, text)
        notebook.all()
        notebook.check()


def test_a_tensor_that_looks_at_an_array_changes_with_it() -> None:
    notebook = Notebook(
        "import numpy as np, torch\na = np.zeros(4)",
        "t = torch.from_numpy(a)\nfree = torch.tensor(a)",
        "a[0] = 1",
        "t[1] = 2",
        "print(a, t, free)",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["e"] == "a<d free<b t<d"
    notebook.check()
    for cell, text in (("c", "a[0] = 5"), ("d", "t[1] = 6"), ("c", "pass"), ("d", "pass")):
        notebook.edit(cell, text)
        notebook.all()
        notebook.check()
