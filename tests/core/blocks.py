"""Random cells: valid Python over few names, so that scopes and paths meet in every way."""

from __future__ import annotations

import ast
import random

__all__ = ["generate"]

NAMES = "a b c d e f g".split()


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.functions = 0
        self.loops = 0
        self.depth = 0
        self.scope: set[str] = set()

    def name(self) -> str:
        return self.rng.choice(NAMES)

    def pick(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def expression(self, depth: int = 0) -> str:
        if depth > 1 or self.rng.random() < 0.4:
            return self.name() if self.rng.random() < 0.8 else self.pick("[1]", "{}", f"{self.name()}.k")
        sub = lambda: self.expression(depth + 1)  # noqa: E731
        n = self.name()
        m = self.name()
        kind = self.rng.randrange(22)
        match kind:
            case 0:
                return f"({sub()} + {sub()})"
            case 1:
                return f"{n}({sub()}, {m}={sub()})"
            case 2:
                return f"{n}.attr"
            case 3:
                return f"{n}[{sub()}]"
            case 4:
                return f"[{sub()}, {sub()}]"
            case 5:
                return f"{{{sub()}: {sub()}}}"
            case 6:
                return f"[{sub()} for {n} in {sub()}]"
            case 7:
                return f"[{sub()} for {n} in {sub()} for {m} in {sub()} if {sub()}]"
            case 8:
                return f"{{{sub()}: {sub()} for {n}, {m} in {sub()}}}"
            case 9:
                return f"({sub()} for {n} in {sub()} if {sub()})"
            case 10:
                return f"(lambda {n}, {m}={sub()}: {sub()})" if n != m else f"(lambda: {sub()})"
            case 11:
                return f"({sub()} if {sub()} else {sub()})"
            case 12:
                return f"({sub()} and {sub()} or {sub()})"
            case 13:
                return f"({sub()} < {sub()})"
            case 14:
                return f'f"{{{n}!r:>{{{m}}}}}"'
            case 15:
                return f"({n} := {sub()})"
            case 16:
                return f"{n}.method({sub()})"
            case 17:
                return f"{n}(*{sub()}, **{m})"
            case 18:
                return f"(not {sub()})"
            case 19:
                return f"{{*{sub()}, {sub()}}}"
            case 20:
                return f"{n}[{sub()}:{sub()}]"
            case _:
                return f"({sub()}, {sub()})"

    def target(self) -> str:
        n, m = self.name(), self.name()
        return self.pick(n, n, n, f"{n}, {m}", f"{n}.attr", f"{n}[{m}]", f"{n}, *{m}", f"({n}, [{m}])")

    def block(self, indent: str, size: int) -> list[str]:
        self.depth += 1
        out: list[str] = []
        for _ in range(self.rng.randint(1, size)):
            out += self.statement(indent)
        self.depth -= 1
        return out or [f"{indent}pass"]

    def statement(self, indent: str) -> list[str]:
        n, m = self.name(), self.name()
        e = self.expression
        simple = [
            f"{self.target()} = {e()}", f"{n} = {e()}", f"{n} = {m} = {e()}", f"{n} += {e()}", f"{n} = 1", f"{e()}",
            f"{n}.method({e()})", f"del {n}", f"del {n}[{e()}]", f"import {n}", f"import {n}.{m} as {m}",
            f"from {n} import {m}", f"{n}: {m} = {e()}", f"{n}: {m}", f"assert {e()}, {e()}", f"{n}[{m}] += {e()}",
        ]  # fmt: skip
        if self.depth > 2 or self.rng.random() < 0.6:
            return [indent + self.rng.choice(simple)]
        inner = indent + "    "
        body = lambda: self.block(inner, 2)  # noqa: E731
        match self.rng.randrange(12):
            case 0:
                return [f"{indent}if {e()}:", *body(), f"{indent}elif {e()}:", *body(), f"{indent}else:", *body()]
            case 1:
                return [f"{indent}if {e()}:", *body()]
            case 2:
                leave = [f"{inner}if {n}: {self.pick('break', 'continue')}"]
                return [f"{indent}for {self.target()} in {e()}:", *body(), *leave, f"{indent}else:", *body()]
            case 3:
                return [f"{indent}while {e()}:", *body()]
            case 4:
                handlers = [f"{indent}except {n} as {m}:", *body()]
                return [f"{indent}try:", *body(), *handlers, f"{indent}else:", *body(), f"{indent}finally:", *body()]
            case 5:
                return [f"{indent}try:", *body(), f"{indent}except {n}:", f"{inner}raise {m}"]
            case 6:
                return [f"{indent}with {e()} as {self.target()}, {n}:", *body()]
            case 7:
                return self.function(indent)
            case 8:
                return self.definition(indent)
            case 9:
                case = f"{inner}case [{n}, *{m}] if {e()}:" if n != m else f"{inner}case {{'k': {n}, **rest}}:"
                deeper = self.block(inner + "    ", 2)
                return [f"{indent}match {e()}:", case, *deeper, f"{inner}case a.b | 1:", *deeper]
            case 10:
                return self.function(indent)
            case _:
                return self.definition(indent)

    def function(self, indent: str) -> list[str]:
        n, m = self.name(), self.name()
        inner = indent + "    "
        self.functions += 1
        head = [f"{indent}@{self.name()}"] if self.rng.random() < 0.2 else []
        start: list[str] = []
        if self.rng.random() < 0.25:
            start = [f"{inner}{self.pick('global', 'global', 'nonlocal')} {self.name()}"]
        end = [f"{inner}return {self.expression()}"] if self.rng.random() < 0.6 else []
        word = self.pick("def", "def", "def", "async def")
        line = f"{indent}{word} {n}({m}, x={self.expression()}, *args: {self.name()}) -> {self.name()}:"
        out = [*head, line, *start, *self.block(inner, 2), *end]
        self.functions -= 1
        return out

    def definition(self, indent: str) -> list[str]:
        n = self.name()
        inner = indent + "    "
        head = f"{indent}class {n}({self.name()}, k={self.expression()}):"
        return [head, *self.block(inner, 2), *self.function(inner)]


def generate(rng: random.Random) -> str:
    """Return one valid cell."""
    while True:
        writer = _Writer(rng)
        writer.depth = -1
        source = "\n".join(line for _ in range(rng.randint(1, 4)) for line in writer.statement(""))
        try:
            ast.parse(source)
            compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError:
            continue
        return source
