"""The queue of requests, the history, and clients as cursors into it."""

from __future__ import annotations

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st

from reactive_kernel.server.clients import AT_ONCE, MAX_ANSWERS, Client
from reactive_kernel.server.history import History
from reactive_kernel.server.pending import Pending, Request


def update(cell: str, code: str, **more):
    return {"type": "cell_update", "cellId": cell, "code": code, **more}


def drained(*messages) -> list[list[str]]:
    pending = Pending()
    for message in messages:
        pending.add(Request(message))
    batches = []
    while len(pending):
        batches.append([r.message.get("code") or r.message["type"] for r in pending.take()])
    return batches


def test_an_edit_overtakes_an_older_one_of_the_same_cell() -> None:
    assert drained(update("a", "1"), update("b", "2"), update("a", "3")) == [["2", "3"]]


def test_nothing_overtakes_a_request_of_another_kind() -> None:
    run = {"type": "run_cell", "cellId": "a"}
    assert drained(update("a", "1"), run, update("a", "2")) == [["1"], ["run_cell"], ["2"]]


def test_settings_of_an_overtaken_edit_are_kept() -> None:
    pending = Pending()
    pending.add(Request(update("a", "1", disabled=True)))
    pending.add(Request(update("a", "2")))
    assert [r.message for r in pending.take()] == [update("a", "2", disabled=True)]


def test_overtaken_requests_are_answered_with_the_one_that_overtook_them() -> None:
    pending = Pending()
    requests = [Request(update("a", str(n), requestId=str(n))) for n in range(3)]
    for request in requests:
        pending.add(request)
    (last,) = pending.take()
    assert last is requests[2]
    assert last.overtaken == requests[:2]


def test_runs_are_dropped_with_their_kernel_and_edits_are_not() -> None:
    pending = Pending()
    for message in (update("a", "1"), {"type": "run_all"}, {"type": "delete_cell", "cellId": "a"}):
        pending.add(Request(message))
    assert [r.message["type"] for r in pending.drop_runs()] == ["run_all"]
    assert len(pending) == 2


edits = st.tuples(st.just("cell_update"), st.sampled_from("abc"))
others = st.tuples(st.sampled_from(["run_all", "sync"]), st.none())
requests = st.lists(st.one_of(edits, others))


@given(requests)
def test_what_is_left_is_in_order_and_ends_in_the_same_texts(asked) -> None:
    messages = [
        update(cell, str(n)) | {"n": n} if kind == "cell_update" else {"type": kind, "n": n}
        for n, (kind, cell) in enumerate(asked)
    ]
    pending = Pending()
    for message in messages:
        pending.add(Request(message))
    left = []
    while len(pending):
        left += [request.message for request in pending.take()]
    numbers = [message["n"] for message in left]
    assert numbers == sorted(numbers)
    assert texts_at_each_barrier(left) == texts_at_each_barrier(messages)


def texts_at_each_barrier(messages) -> list[dict[str, str]]:
    texts: dict[str, str] = {}
    seen = []
    for message in messages:
        if message["type"] == "cell_update":
            texts[message["cellId"]] = message["code"]
        else:
            seen.append(dict(texts))
    return [*seen, texts]


class Source:
    """A notebook that says nothing but numbers."""

    def __init__(self, **bounds: int) -> None:
        self.history = History(100, bounds.get("messages", 1000), bounds.get("size", 10**6))
        self.revision = 3

    def whole(self):
        return {"type": "notebook"}

    def say(self, text: str) -> None:
        self.history.append({"type": text}, self.revision)


async def read(source: Source, since: int | None, *answers: str) -> list[tuple[str, int]]:
    sent: list[str] = []

    async def send(texts: list[str]) -> None:
        sent.extend(texts)

    client = Client(source, send, since)
    for answer in answers:
        client.answer({"type": answer})
    client.finish()
    await client.pump()
    return [(json.loads(text)["type"], json.loads(text)["seq"]) for text in sent]


async def test_a_new_client_gets_the_whole_then_what_follows() -> None:
    source = Source()
    source.say("old")
    assert await read(source, None) == [("notebook", 101)]


async def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    source = Source()
    for text in "abc":
        source.say(text)
    assert await read(source, 101) == [("b", 102), ("c", 103)]
    assert await read(source, 103) == []


async def test_a_client_from_before_the_history_or_from_another_life_gets_the_whole() -> None:
    source = Source(messages=2)
    for text in "abc":
        source.say(text)
    assert await read(source, 100) == [("notebook", 103)]
    assert await read(source, 101) == [("b", 102), ("c", 103)]
    assert await read(source, 999) == [("notebook", 103)]
    assert await read(source, 5) == [("notebook", 103)]


async def test_the_history_is_bounded_by_size_too() -> None:
    source = Source(size=500)
    for _ in range(100):
        source.say("x" * 50)
    assert not source.history.reaches(150)
    assert source.history.reaches(199)


async def test_answers_come_after_what_was_said_before_them() -> None:
    source = Source()
    source.say("before")
    sent: list[str] = []

    async def send(texts: list[str]) -> None:
        sent.extend(json.loads(text)["type"] for text in texts)

    client = Client(source, send, 100)
    client.answer({"type": "answer"})
    source.say("after")
    client.finish()
    await client.pump()
    assert sent == ["before", "answer", "after"]


async def test_a_client_that_does_not_read_holds_back_nobody_and_then_gets_the_whole() -> None:
    source = Source(messages=5)
    stuck, sent = asyncio.Event(), []

    async def send(texts: list[str]) -> None:
        await stuck.wait()
        sent.extend(json.loads(text)["type"] for text in texts)

    client = Client(source, send, None)
    task = asyncio.create_task(client.pump())
    await asyncio.sleep(0)
    for number in range(50):
        source.say(str(number))
        client.wake()
    stuck.set()
    source_last = source.history.last
    client.finish()
    await task
    assert sent == ["notebook", "notebook"]
    assert source_last == source.history.last


async def test_what_there_is_to_say_goes_out_together_but_not_too_much_of_it() -> None:
    source, sent = Source(size=10**7), []

    async def send(texts: list[str]) -> None:
        sent.append([json.loads(text)["seq"] for text in texts])

    client = Client(source, send, 100)
    for length in (1, 1, AT_ONCE // 2, AT_ONCE, 1):
        source.say("x" * length)
    client.finish()
    await client.pump()
    assert sent == [[101, 102, 103, 104], [105]]


async def test_a_client_with_too_many_unread_answers_is_dropped() -> None:
    source = Source()
    sent: list[str] = []

    async def send(texts: list[str]) -> None:
        sent.extend(texts)

    client = Client(source, send, 100)
    for _ in range(MAX_ANSWERS + 1):
        client.refuse("no", None)
    await client.pump()
    assert client.overrun
    assert sent == []
