"""States of PyTorch's tensors and of their memory; PyTorch isn't imported for it.

Tensors that look at the same memory (views, what ``detach`` gives, numpy's arrays made from one) have one storage in
common, which is an object of its own; those that look at an array's memory (``torch.from_numpy``) keep that array.
A result keeps the tensors that it was worked out from: ``loss.backward()`` sets the gradients of these.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

from reactive_kernel.kernel.container_states import Maker, Taken, instance_state, joined
from reactive_kernel.kernel.state import MAX_BYTES, State

__all__ = ["in_a_tensor", "is_memory", "is_tensor", "note_array", "tensor_maker"]

MAX_STEPS = 2000  # of the way in which a result was worked out
SAMPLE = 65536  # bytes


def is_tensor(kind: type) -> bool:
    """True for a tensor, or what derives from it; not where its class could do something else when it is looked at."""
    torch: Any = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)
    return tensor is not None and issubclass(kind, tensor) and hasattr(torch._C, "DisableTorchFunctionSubclass")


def is_memory(kind: type) -> bool:
    """True for the storage of tensors."""
    storage = getattr(sys.modules.get("torch"), "UntypedStorage", None)
    return storage is not None and issubclass(kind, storage)


def tensor_maker(kind: type) -> Maker | None:
    """What takes the state of tensors and of storages; None for all else."""
    if is_memory(kind):
        return _memory_state
    return _tensor_state if is_tensor(kind) else None


def in_a_tensor(value: Any) -> tuple[list[Any], bool]:
    """Its memory, its gradient and the tensors that it was worked out from, and whether these are all."""
    torch: Any = sys.modules["torch"]
    with torch._C.DisableTorchFunctionSubclass():
        found, whole = _sources(value.grad_fn)
        if (gradient := _gradient(value)) is not None:
            found.append(gradient)
        with suppress(Exception):  # a sparse one has several
            memory = value.untyped_storage()
            found.append(memory)
            if not memory.resizable() and (array := _arrays.get(memory.data_ptr())) is not None:
                found.append(array)
    return found, whole


_arrays: WeakValueDictionary[int, Any] = WeakValueDictionary()  # by where they begin


def note_array(array: Any) -> None:
    """Remember where an array of numpy's lies: tensors may be made that look at it, and keep it alive."""
    if "torch" in sys.modules and array.nbytes:
        place = array.__array_interface__["data"][0]
        if array.base is None or place not in _arrays:
            _arrays[place] = array


def _gradient(value: Any) -> Any:
    return value.grad if value.is_leaf or value.retains_grad else None


def _sources(node: Any) -> tuple[list[Any], bool]:
    """The tensors that get a gradient when one goes back from a result."""
    found: list[Any] = []
    todo, seen = [node] if node is not None else [], {node}
    while todo:
        node = todo.pop()
        if (variable := getattr(node, "variable", None)) is not None:
            found.append(variable)
        new = {before for before, _ in node.next_functions if before is not None} - seen
        seen |= new
        todo += new
        if len(seen) > MAX_STEPS:
            return found, False
    return found, True


def _look(value: Any) -> tuple[Any, ...] | None:
    """How a tensor looks at its memory; None for one that has none of the usual kind."""
    torch: Any = sys.modules["torch"]
    if value.layout is not torch.strided or value.is_quantized:
        return None
    place = value.dtype, tuple(value.shape), value.stride(), value.storage_offset()
    return *place, value.requires_grad, value.is_leaf, _Same(value.untyped_storage()), _Same(_gradient(value))


class _Same:
    """A thing that is only equal to itself."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    __hash__ = None  # type: ignore[assignment]


def _plain_tensor_state(value: Any) -> Taken:
    """How a tensor looks at its memory, and its gradient; both are visited too.

    Of a result it can't be told whether the way back from it was gone already, which can be done only once.
    """
    torch: Any = sys.modules["torch"]
    unlike = torch._C.DisableTorchFunctionSubclass
    with unlike():
        look, count = _look(value), value._version if not value.is_inference() else 0
        if look is None:
            return None, "partly"
        if not value.is_leaf:
            return State(lambda now: _looks_otherwise(now, look) or now._version != count, None), "partly"
        needs, gradient, alias = value.requires_grad, value.grad, value.detach()

    def restore(target: Any) -> None:
        with unlike(), torch.no_grad():
            target.data = alias
            target.requires_grad_(needs)
            target.grad = gradient
            with suppress(Exception):  # results may be asked whether it is still what they were worked out from
                torch._C._autograd._unsafe_set_version_counter((target,), (count,))

    return State(lambda now: _looks_otherwise(now, look), restore), "whole"


_tensor_state = joined(_plain_tensor_state, instance_state)


def _looks_otherwise(now: Any, look: tuple[Any, ...]) -> bool:
    torch: Any = sys.modules["torch"]
    with torch._C.DisableTorchFunctionSubclass():
        return _look(now) != look


def _memory_state(value: Any) -> Taken:
    """The bytes of a storage, of a large one a sample; on another device than the processor it can't be told."""
    if value.device.type != "cpu":
        return None, "partly"
    size = value.nbytes()
    step = 1 if size <= MAX_BYTES else max(1, size // SAMPLE)
    held = _bytes_of(value)[::step].clone()
    torch: Any = sys.modules["torch"]

    def changed(now: Any) -> bool:
        return now.nbytes() != size or not torch.equal(_bytes_of(now)[::step], held)

    def restore(target: Any) -> None:
        if target.nbytes() != size:
            target.resize_(size)
        _bytes_of(target).copy_(held)

    return (State(changed, restore, size), "whole") if step == 1 else (State(changed, None, SAMPLE), "partly")


def _bytes_of(value: Any) -> Any:
    """A tensor of the bytes in a storage."""
    torch: Any = sys.modules["torch"]
    return torch.empty(0, dtype=torch.uint8, device="cpu").set_(value)
