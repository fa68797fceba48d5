"""Run PTX on this CPU, a thread at a time, after the words of the PTX ISA: IEEE 754, to nearest.

Each block of instructions becomes a Python function once. A register holds the number that was last
written to it, as bits (an int) or as a float of numpy; an instruction takes what it needs. An
instruction that is not known is an error, as is a number outside of every buffer.
"""

import ctypes
import re
from collections import Counter
from typing import Any

import numpy as np

Thread = dict[str, int]  # %tid.x, %ctaid.x, %ntid.x
FLOATS = {"f32": (np.float32, np.uint32), "f64": (np.float64, np.uint64)}


class Memory:
    """The device's buffers: this machine's memory, and what a block of threads shares."""

    def __init__(self, sizes: dict[int, int], shared: int = 0) -> None:
        self.loads: Counter[str] = Counter()  # by space
        self.spans = sorted((at, at + size) for at, size in sizes.items())
        self.shared = bytearray(shared)

    def load(self, space: str, at: int, size: int) -> int:
        self.loads[space] += 1
        if space == "shared":
            assert 0 <= at <= len(self.shared) - size
            return int.from_bytes(self.shared[at : at + size], "little")
        self._check(at, size)
        return int.from_bytes(ctypes.string_at(at, size), "little")

    def store(self, space: str, at: int, size: int, bits: int) -> None:
        data = bits.to_bytes(size, "little")
        if space == "shared":
            assert 0 <= at <= len(self.shared) - size
            self.shared[at : at + size] = data
        else:
            self._check(at, size)
            ctypes.memmove(at, data, size)

    def _check(self, at: int, size: int) -> None:
        assert at % size == 0, f"{at:#x} is not aligned to {size}"
        assert any(start <= at and at + size <= end for start, end in self.spans), hex(at)


def bits(value: Any) -> int:
    return value if type(value) is int else int(value.view(FLOATS[f"f{8 * value.nbytes}"][1]))


def unsigned(value: Any, width: int) -> int:
    return bits(value) & ((1 << width) - 1)


def signed(value: Any, width: int) -> int:
    low = unsigned(value, width)
    return low - (1 << width) if low >> (width - 1) else low


def f32(value: Any) -> Any:
    return value if type(value) is np.float32 else np.uint32(value & 0xFFFFFFFF).view(np.float32)


def f64(value: Any) -> Any:
    return value if type(value) is np.float64 else np.uint64(value).view(np.float64)


def toward_zero(x: Any) -> int:
    """Return the whole number; out of range it is the nearest that fits, and of NaN it is 0."""
    if np.isnan(x):
        return 0
    return int(min(max(x, -(2.0**63)), 2.0**63 - 1024))


def quotient(x: int, y: int) -> int:
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


def remainder(x: int, y: int) -> int:
    return x - quotient(x, y) * y


def shifted_left(x: int, by: int, width: int) -> int:
    return x << by if by < width else 0


WHOLE = {"rzi": "trunc", "rmi": "floor", "rpi": "ceil", "rni": "rint"}
COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "and": "&", "or": "|", "xor": "^"}
NAMES = {"np": np, "bits": bits, "unsigned": unsigned, "signed": signed, "f32": f32, "f64": f64}
NAMES |= {"toward_zero": toward_zero, "quotient": quotient, "remainder": remainder}
NAMES |= {"shifted_left": shifted_left}


class Function:
    """One function of a program, as Python functions of registers, one per block."""

    def __init__(self, program: "Program", head: str, body: str) -> None:
        self.parameters = re.findall(r"([\w$]+_param_\d+)", head)
        self.sorts = re.findall(r"\.param \.(\w+)[^,\n]*_param_", head)
        self.places: dict[str, int] = {}  # of registers and parameters
        self.program = program
        text = re.sub(r"//.*", "", body)
        text = re.sub(r"^\s*(\.(reg|param|pragma) .*|[{}]\s*)$", "", text, flags=re.M)
        tables = re.findall(r"^\s*([$\w]+): \.branchtargets([^;]*);", text, flags=re.M)
        self.targets = {name: re.findall(r"[$\w]+", labels) for name, labels in tables}
        text = re.sub(r"^\s*[$\w]+: \.branchtargets[^;]*;", "", text, flags=re.M)
        blocks: list[list[str]] = [[]]
        self.labels: dict[str, int] = {}
        for line in filter(None, map(str.strip, text.splitlines())):
            if line.endswith(":"):
                self.labels[line[:-1]] = len(blocks)
                blocks.append([])
            else:
                blocks[-1].append(line.rstrip(";"))
        lines = []
        for number, block in enumerate(blocks):
            lines.append(f"def block{number}(r, m, thread):")
            for instruction in block:
                lines += [f"    {line}" for line in self._python(instruction)]
            lines.append(f"    return {number + 1}")
        names: dict[str, Any] = {**NAMES, "call": program.call}
        exec("\n".join(lines), names)
        self.blocks = [names[f"block{number}"] for number in range(len(blocks))]

    def run(self, given: list[Any], memory: Memory, thread: Thread) -> Any:
        registers: list[Any] = [None] * len(self.places)
        for name, value in zip(self.parameters, given, strict=True):
            if name in self.places:
                registers[self.places[name]] = value
        place = 0
        while place >= 0:
            place = self.blocks[place](registers, memory, thread)
        result = self.places.get("func_retval0")
        return None if result is None else registers[result]

    def _register(self, name: str) -> str:
        return f"r[{self.places.setdefault(name, len(self.places))}]"

    def _value(self, text: str) -> str:
        if text in ("%tid.x", "%ctaid.x", "%ntid.x"):
            return f"thread[{text!r}]"
        if text.startswith("%"):
            return self._register(text)
        if re.match(r"0[fd][0-9A-F]+$", text):
            return str(int(text[2:], 16))
        if re.match(r"-?\d", text):
            return f"({int(text, 0)})"
        return f"thread[{text!r}]"  # the address of a global variable

    def _as(self, text: str, sort: str) -> str:
        value = self._value(text)
        if sort in FLOATS:
            return f"{sort}({value})"
        if sort == "pred":
            return value
        return f"{'signed' if sort[0] == 's' else 'unsigned'}({value}, {sort[1:]})"

    def _python(self, line: str) -> list[str]:
        guard = re.match(r"@(!?)(%p\d+)\s+", line)
        if guard:
            (code,) = self._python(line[guard.end() :])
            return [f"if {'not ' if guard[1] else ''}{self._register(guard[2])}: {code}"]
        name, _, rest = line.partition("\t") if "\t" in line else line.partition(" ")
        name = name.strip()
        self.program.used[name] += 1
        if name == "ret":
            return ["return -1"]
        if name == "exit":  # LLVM writes it where it believes that no thread arrives
            return ["raise AssertionError('a thread came where none should')"]
        if name in ("bra", "bra.uni"):
            return [f"return {self.labels[rest.strip()]}"]
        if name == "brx.idx":
            place, table = re.split(r",\s*", rest.strip())
            places = [self.labels[label] for label in self.targets[table]]
            return [f"return {places}[{self._as(place, 'u32')}]"]
        if name == "call.uni":
            found = re.match(r"\((\w+)\), ([\w$]+), \((.*)\)", rest.strip())
            assert found, line
            given = ", ".join(self._register(arg.strip()) for arg in found[3].split(","))
            return [f"{self._register(found[1])} = call({found[2]!r}, [{given}], m, thread)"]
        assert rest, line
        operands = re.findall(r"\[[^\]]*\]|\{[^}]*\}|[^,\s]+", rest)
        return self._operation(line, name.split("."), operands)

    def _operation(self, line: str, name: list[str], a: list[str]) -> list[str]:
        operation, sort = name[0], name[-1]
        assert not {"ftz", "approx", "sat"} & set(name), line
        if operation in ("ld", "st"):
            return self._memory(name, a)
        to = self._register(a[0])
        if operation == "cvt":
            return [f"{to} = {self._converted(line, name, a[1])}"]
        return [f"{to} = {self._computed(line, operation, name, sort, a)}"]

    def _memory(self, name: list[str], a: list[str]) -> list[str]:
        space = name[1] if name[1] in ("param", "global", "shared") else "global"
        size = int(name[-1][1:]) // 8
        address, value = (a[1], a[0]) if name[0] == "ld" else (a[0], a[1])
        base, _, offset = address[1:-1].partition("+")
        if space == "param":
            one, other = self._register(base), self._value(value)
            return [f"{other} = {one}" if name[0] == "ld" else f"{one} = {other}"]
        lines = []
        for j, entry in enumerate(re.findall(r"[%\w.-]+", value)):
            at = f"unsigned({self._value(base)}, 64) + {int(offset or 0) + j * size}"
            if name[0] == "ld":
                lines.append(f"{self._register(entry)} = m.load({space!r}, {at}, {size})")
            else:
                kept = self._as(entry, f"u{8 * size}")
                lines.append(f"m.store({space!r}, {at}, {size}, {kept})")
        return lines

    def _converted(self, line: str, name: list[str], given: str) -> str:
        to, sort = name[-2:]
        x = self._as(given, sort)
        if to in FLOATS and sort in FLOATS:
            if to == sort:
                return f"np.{WHOLE[name[1]]}({x})"
            assert to == "f64" or "rn" in name, line
            return f"np.{FLOATS[to][0].__name__}({x})"
        if to in FLOATS:
            assert "rn" in name, line
            return f"np.{FLOATS[to][0].__name__}({x})"
        if sort in FLOATS:
            assert "rzi" in name, line
            assert to == "s64", line
            return f"unsigned(toward_zero({x}), 64)"
        return f"unsigned({x}, {to[1:]})"

    def _computed(self, line: str, operation: str, name: list[str], sort: str, a: list[str]) -> str:
        if operation in ("mov", "cvta"):
            return self._value(a[1])
        if operation == "selp":
            return f"{self._value(a[1])} if {self._register(a[3])} else {self._value(a[2])}"
        x = [self._as(entry, sort) for entry in a[1:]]
        if operation == "setp":
            return self._test(name, sort, x)
        if sort == "pred":
            return f"not {x[0]}" if operation == "not" else f"{x[0]} {INFIX[operation]} {x[1]}"
        if sort in FLOATS:
            if operation in ("neg", "abs"):
                return f"{'-' if operation == 'neg' else 'abs'}({x[0]})"
            assert "rn" in name, line
            if operation == "sqrt":
                return f"np.sqrt({x[0]})"
            if operation == "rcp":
                return f"np.{FLOATS[sort][0].__name__}(1) / {x[0]}"
            return f"{x[0]} {INFIX[operation]} {x[1]}"
        width = int(sort[1:])
        if operation in ("shl", "shr"):
            by = self._as(a[2], "u32")
            shift = (
                f"shifted_left({x[0]}, {by}, {width})" if operation == "shl" else f"{x[0]} >> {by}"
            )
            return f"unsigned({shift}, {width})"
        if "wide" in name:
            width *= 2
        elif operation == "mul" and "hi" in name:  # the upper half of the product
            return f"unsigned({x[0]} * {x[1]} >> {width}, {width})"
        else:
            assert operation not in ("mul", "mad") or "lo" in name, line
        if operation == "bfe":  # so many bits from a place on
            return f"{x[0]} >> {x[1]} & (1 << {x[2]}) - 1"
        value = {
            "mad": "{0} * {1} + {2}", "min": "min({0}, {1})", "max": "max({0}, {1})",
            "div": "quotient({0}, {1})", "rem": "remainder({0}, {1})", "neg": "-{0}",
            "not": "~{0}", "abs": "abs({0})",
        }.get(operation) or f"{{0}} {INFIX[operation]} {{1}}"  # fmt: skip
        return f"unsigned({value.format(*x)}, {width})"

    def _test(self, name: list[str], sort: str, x: list[str]) -> str:
        test = name[1]
        unordered = f"({x[0]} != {x[0]} or {x[1]} != {x[1]})"
        if test in ("num", "nan"):
            return f"not {unordered}" if test == "num" else unordered
        if sort not in FLOATS:
            return f"{x[0]} {COMPARED[test]} {x[1]}"
        if test in COMPARED:  # false if an operand is NaN, as in Python, but for "ne"
            ordered = f"bool({x[0]} {COMPARED[test]} {x[1]})"
            return f"not {unordered} and {ordered}"
        return f"{unordered} or bool({x[0]} {COMPARED[test[:-1]]} {x[1]})"


class Program:
    """A text in PTX; counts its instructions by name, and what its threads load by space."""

    def __init__(self, text: str) -> None:
        self.used: Counter[str] = Counter()
        self.loads: Counter[str] = Counter()
        self.functions: dict[str, Function] = {}
        self.variables = re.findall(r"^\.visible \.global .*?([\w$]+)(?:\[\d+\])?;", text, re.M)
        heads = re.findall(
            r"^((?:\.visible )?\.(?:entry|func)[^{;]*?)\n\{\n(.*?)^\}", text, flags=re.M | re.S
        )
        for head, body in heads:
            name = re.search(r"([\w$]+)\(\n", head)
            assert name, head
            self.functions[name[1]] = Function(self, head, body)

    def call(self, name: str, given: list[Any], memory: Memory, thread: Thread) -> Any:
        return self.functions[name].run(given, memory, thread)


def launch(
    program: Program, entry: str, given: list[int], blocks: int, threads: int,
    sizes: dict[int, int], variables: dict[str, int], shared: int,
) -> None:  # fmt: skip
    """Run a kernel, as a driver would; threads come one after the other."""
    with np.errstate(all="ignore"):
        for block in range(blocks):
            memory = Memory(sizes, shared)
            memory.loads = program.loads
            for number in range(threads):
                thread = {"%tid.x": number, "%ctaid.x": block, "%ntid.x": threads, "table": 0}
                program.call(entry, given, memory, {**thread, **variables})
