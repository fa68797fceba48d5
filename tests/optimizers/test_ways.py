"""The ways to take a step (foreach, fused, capturable) against one parameter at a time.

The definition is `AMSGrad.step_param`; all of its state is compared after each step.
"""

import copy
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from labml_nn.optimizers import WeightDecay
from torch._dynamo.testing import CompileCounter
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import Parameter
from torch.optim.lr_scheduler import ConstantLR, ExponentialLR, LinearLR, OneCycleLR, SequentialLR

from amsgrad.optimizers import AMSGrad
from amsgrad.rules.adam import SEMANTICS
from tests.optimizers.steps import (
    BETAS,
    EPS,
    LR,
    STATE,
    STEPS,
    WAYS,
    advance,
    assert_agree,
    assert_same_bits,
    flat,
    gradients,
    groups,
    members,
    parameters,
    run,
)

DECAYS = {
    "no decay": WeightDecay(),
    "decoupled": WeightDecay(0.1),
    "absolute": WeightDecay(1e-3, absolute=True),
    "coupled": WeightDecay(0.1, weight_decouple=False),
}
PAIRS = [(way, s) for way in WAYS for s in SEMANTICS if (way, s) != ("fused", "optax")]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Keep torch's fused path from sharing a few numbers among threads, which takes far longer."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def optimizer(semantics: str, dtype: torch.dtype = torch.float64, **options: Any) -> AMSGrad:
    return AMSGrad(groups(parameters(dtype)), LR, BETAS, EPS, semantics=semantics, **options)


# --- The same numbers --------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "semantics"), PAIRS)
@pytest.mark.parametrize("decay", DECAYS)
def test_every_step_agrees_with_the_definition(way: str, semantics: str, decay: str) -> None:
    # Each meaning with one decay for all of the steps, and with the others for some.
    steps = STEPS if decay == "coupled" else 20
    ours, definition = (
        optimizer(semantics, weight_decay=DECAYS[decay], maximize=decay == "absolute", **options)
        for options in (WAYS[way], {"foreach": False})
    )
    assert_agree(ours, definition, gradients(steps))


@pytest.mark.parametrize(("way", "semantics"), PAIRS)
def test_single_precision_agrees_with_the_definition(way: str, semantics: str) -> None:
    ours = optimizer(semantics, torch.float32, **WAYS[way])
    definition = optimizer(semantics, torch.float32)
    assert_agree(ours, definition, gradients(60, torch.float32))


def test_fused_has_the_bits_of_torch() -> None:
    ours = optimizer("torch", fused=True, weight_decay=DECAYS["coupled"])
    theirs = torch.optim.Adam(
        groups(parameters()), LR, BETAS, EPS, weight_decay=0.1, amsgrad=True, fused=True
    )
    for grads in gradients():
        advance(ours, grads)
        advance(theirs, grads)
        assert_same_bits(ours, theirs)


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_semantics_have_the_bits_of_the_formula(semantics: str) -> None:
    ours = optimizer(semantics, weight_decay=DECAYS["decoupled"])
    xs = [x.detach().clone() for x in parameters()]
    ms, vs, vmaxs = ([torch.zeros_like(x) for x in xs] for _ in range(3))
    for t, grads in enumerate(gradients(30), 1):
        advance(ours, grads)
        settings = [
            (g["lr"], g["betas"], g["eps"], g["weight_decay"], g["amsgrad"], len(g["params"]))
            for g in ours.param_groups
        ]
        each = [s[:-1] for s in settings for _ in range(s[-1])]
        for x, g, m, v, vmax, (lr, (b1, b2), eps, decay, flag) in zip(
            xs, grads, ms, vs, vmaxs, each, strict=True
        ):
            c1, c2 = 1 - b1**t, 1 - b2**t
            x.mul_(1 - lr * decay)
            m.mul_(b1).add_(g, alpha=1 - b1)
            v.mul_(b2).addcmul_(g, g, value=1 - b2)
            second = v / c2 if semantics == "optax" else v
            vmax.copy_(torch.maximum(vmax, second))
            divides = vmax if flag else second
            a, root = {
                "labml": (lr * c2**0.5 / c1, divides.sqrt()),
                "keras": (lr * c2**0.5 / c1, divides.sqrt()),
                "torch": (lr / c1, divides.sqrt() / c2**0.5),
                "paper": (lr, divides.sqrt()),
                "optax": (lr / c1, divides.sqrt()),
            }[semantics]
            x.addcdiv_(m, root + eps, value=-a).clamp_(-1, 1)
    assert torch.equal(flat(ours, "x"), torch.cat([x.flatten() for x in xs]))
    assert torch.equal(flat(ours, "exp_avg"), torch.cat([m.flatten() for m in ms]))


@pytest.mark.parametrize("semantics", ["labml", "paper", "optax"])
def test_going_from_way_to_way_changes_no_number(semantics: str) -> None:
    ours, definition = optimizer(semantics), optimizer(semantics)
    turns = [{}, WAYS["foreach"], WAYS["capturable"], {}, WAYS["capturable"]]
    turns += [] if semantics == "optax" else [WAYS["fused"], WAYS["capturable"], WAYS["fused"]]

    def switched() -> Iterator[list[torch.Tensor]]:
        for step, grads in enumerate(gradients(40)):
            for group in ours.param_groups:
                group.update({"foreach": False, "fused": False, "capturable": False})
                group.update(turns[step % len(turns)])
            yield grads

    assert_agree(ours, definition, switched())


@pytest.mark.parametrize(("way", "semantics"), PAIRS)
def test_flag_that_goes_off_and_on_keeps_up_the_maximum(way: str, semantics: str) -> None:
    ours, definition = (optimizer(semantics, **options) for options in (WAYS[way], {}))

    def switched() -> Iterator[list[torch.Tensor]]:
        for step, grads in enumerate(gradients(24)):
            for one in (ours, definition):
                one.param_groups[0]["amsgrad"] = 4 <= step < 8 or step >= 16
            yield grads

    assert_agree(ours, definition, switched())


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_flag_switched_on_late_does_not_lower_the_divisor(semantics: str) -> None:
    x = Parameter(torch.zeros((), dtype=torch.float64))
    one = AMSGrad([x], semantics=semantics, amsgrad=False)
    advance(one, [torch.tensor(3.0, dtype=torch.float64)])
    last = one.state[x]["exp_avg_sq"].item()
    one.param_groups[0]["amsgrad"] = True
    advance(one, [torch.tensor(0.0, dtype=torch.float64)])
    expected = last / (1 - 0.999) if semantics == "optax" else last
    assert one.state[x]["max_exp_avg_sq"].item() == pytest.approx(expected, rel=1e-15)


# --- Parameters of all sorts -------------------------------------------------------------------

SORTS: dict[str, Callable[[], list[torch.Tensor]]] = {
    "empty": lambda: [torch.ones(0), torch.ones(0, 3)],
    "complex": lambda: [torch.tensor([1 + 2j, -1j]), torch.tensor(3 + 0.5j)],
    "precisions": lambda: [torch.ones(3, dtype=torch.float64), torch.ones(3)],
    # torch's fused kernel looks at no stride, on the CPU
    "not contiguous": lambda: [
        torch.arange(6.0).reshape(2, 3).T,
        torch.ones(4, 4)[::2],
    ],
}


def drawn(values: torch.Tensor, step: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(step)
    real = torch.randn(values.shape, generator=generator, dtype=torch.float64)
    part = torch.randn(values.shape, generator=generator, dtype=torch.float64)
    return (real + 1j * part if values.is_complex() else real).to(values.dtype)


@pytest.mark.parametrize(
    ("way", "semantics", "sort"),
    [
        (way, semantics, sort)
        for way, semantics in [*PAIRS, ("definition", "labml")]
        for sort in SORTS
        if (way, sort) != ("fused", "complex")  # torch's kernel takes real parameters only
    ],
)
def test_parameters_of_all_sorts_with_gradients_that_come_and_go(
    way: str, semantics: str, sort: str
) -> None:
    decay = DECAYS["coupled"]
    together = [Parameter(x) for x in SORTS[sort]()]
    ours = AMSGrad(together[:1], weight_decay=decay, semantics=semantics, **WAYS.get(way, {}))
    alone = [
        Parameter(torch.view_as_real(x).clone() if x.is_complex() else x.clone())
        for x in SORTS[sort]()
    ]
    theirs = [AMSGrad([x], weight_decay=decay, semantics=semantics, eps=EPS) for x in alone]
    ours.param_groups[0]["eps"] = EPS
    for step in range(12):
        if step == 2:  # a group that is added later
            ours.add_param_group({"params": together[1:], "eps": EPS})
        for i, (x, y) in enumerate(zip(together, alone, strict=True)):
            g = drawn(x, 10 * step + i)
            x.grad = None if step % 5 == 3 * i or (i and step < 2) else g
            y.grad = torch.view_as_real(g) if g.is_complex() else g
            if x.grad is not None:
                theirs[i].step()
        ours.step()
    for x, y, other in zip(together, alone, theirs, strict=True):
        view = torch.view_as_real(x) if x.is_complex() else x
        torch.testing.assert_close(view.detach(), y.detach(), rtol=2e-5, atol=1e-6)
        assert ours.state[x]["step"] == other.state[y]["step"] < 12
        for key in STATE:
            found = ours.state[x][key]
            found = torch.view_as_real(found) if found.is_complex() else found
            torch.testing.assert_close(found, other.state[y][key], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_capturable_keeps_the_precision_of_each_parameter(semantics: str) -> None:
    ends = []
    for options in ({}, {"capturable": True}, {"capturable": True, "fused": semantics != "optax"}):
        single = Parameter(torch.ones(3))
        double = Parameter(torch.ones(3, dtype=torch.float64))
        one = AMSGrad([single, double], LR, BETAS, EPS, semantics=semantics, **options)
        for step in range(30):
            single.grad, double.grad = drawn(single, step), drawn(double, step)
            one.step()
        ends.append(double.detach())
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-13, atol=1e-14)
    assert torch.equal(ends[2], ends[1])  # fused is not taken


def test_parameters_of_one_group_may_have_different_step_numbers() -> None:
    for way, semantics in PAIRS:
        ours, definition = (optimizer(semantics, **options) for options in (WAYS[way], {}))
        for step, grads in enumerate(gradients(12)):
            for one in (ours, definition):
                for i, (x, g) in enumerate(zip(members(one), grads, strict=True)):
                    x.grad = g.clone() if step >= i else None
                one.step()
        for key in ("x", *STATE):
            torch.testing.assert_close(
                flat(ours, key), flat(definition, key), rtol=1e-12, atol=1e-15
            )
        assert {int(s["step"]) for s in ours.state.values()} == {7, 8, 9, 10, 11, 12}


# --- Which way is taken ------------------------------------------------------------------------


def test_default_is_the_one_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where torch takes foreach by itself, so do we; here it is made to take it on the CPU.
    one = optimizer("labml")
    (group, *_) = one.param_groups
    assert one._way(group, group["params"]) is None
    module = sys.modules["torch.optim.optimizer"]  # no attribute of torch.optim
    monkeypatch.setattr(module, "_get_foreach_kernels_supported_devices", lambda: ["cpu"])
    assert one._way(group, group["params"]).__name__ == "step_together"
    group["lr"] = torch.tensor(LR)
    assert one._way(group, group["params"]) is None


def test_a_subclass_that_changes_the_definition_is_stepped_by_it() -> None:
    class Warm(AMSGrad):
        def get_lr(self, state: dict[str, Any], group: dict[str, Any]) -> Any:
            return group["lr"] * min(1, state["step"] / 10)

    ends = []
    for options in ({}, *WAYS.values()):
        one = Warm(parameters(), LR, BETAS, EPS, **options)
        run(one, gradients(15))
        ends.append(flat(one, "x"))
    assert all(torch.equal(end, ends[0]) for end in ends)
    plain = AMSGrad(parameters(), LR, BETAS, EPS)
    run(plain, gradients(15))
    assert not torch.equal(flat(plain, "x"), ends[0])


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_capturable_reads_no_number(semantics: str) -> None:
    # A number that is read from a fake tensor raises DataDependentOutputException.
    with FakeTensorMode():
        x = Parameter(torch.ones(3, device="cuda"))
        one = AMSGrad([x], semantics=semantics, capturable=True, lr=torch.tensor(0.1))
        for _ in range(3):
            x.grad = torch.ones(3, device="cuda")
            one.step()
        state = one.state[x]
        assert {entry.device.type for entry in state.values()} == {"cuda"}


@pytest.mark.slow
@pytest.mark.parametrize("semantics", ["labml", "torch", "paper", "optax"])
@pytest.mark.parametrize("before", [0, 3])
def test_compiled_step_agrees_and_is_compiled_twice(semantics: str, before: int) -> None:
    torch._dynamo.reset()
    counter = CompileCounter()
    lr = torch.tensor(LR, dtype=torch.float64)
    ours = AMSGrad(groups(parameters()), lr, BETAS, EPS, semantics=semantics)
    definition = optimizer(semantics)
    compiled, eager, taken = torch.compile(ours.step, backend=counter, fullgraph=True), ours.step, 0

    def step() -> None:
        nonlocal taken
        taken += 1
        (compiled if taken > before else eager)()

    ours.step = step  # type: ignore[method-assign]
    assert_agree(ours, definition, gradients(12))
    # The first one makes the state, or makes tensors of its step numbers.
    assert counter.frame_count == 2


@pytest.mark.slow
def test_compiled_step_of_two_precisions_agrees() -> None:
    torch._dynamo.reset()
    ends = []
    for compiled in (False, True):
        xs = [Parameter(torch.ones(3, dtype=d)) for d in (torch.float32, torch.float64)]
        one = AMSGrad(xs, LR, BETAS, EPS)
        step = torch.compile(one.step, backend="eager", fullgraph=True) if compiled else one.step
        for turn in range(4):
            for x in xs:
                x.grad = drawn(x, turn)
            step()
        ends.append([x.detach() for x in xs])
    torch.testing.assert_close(ends[1], ends[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
def test_step_compiled_by_inductor_agrees() -> None:
    torch._dynamo.reset()
    ours, definition = (AMSGrad([Parameter(torch.ones(5))], LR, BETAS, EPS) for _ in range(2))
    compiled = torch.compile(ours.step, fullgraph=True)
    for grads in gradients(5, torch.float32):
        for one, step in ((ours, compiled), (definition, definition.step)):
            members(one)[0].grad = grads[2].flatten()[:5].clone()
            step()
    for key in ("x", *STATE):
        torch.testing.assert_close(flat(ours, key), flat(definition, key), rtol=1e-5, atol=1e-6)


# --- In a training loop ------------------------------------------------------------------------

SCHEDULERS = {
    "exponential": lambda o: ExponentialLR(o, gamma=0.9),
    "linear": lambda o: LinearLR(o, start_factor=0.4, total_iters=4),
    "one cycle": lambda o: OneCycleLR(o, max_lr=0.1, total_steps=20),
    "sequence": lambda o: SequentialLR(
        o, [ConstantLR(o, factor=0.1, total_iters=3), ExponentialLR(o, gamma=0.8)], [3]
    ),
}


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("way", ["definition", "fused", "capturable"])
def test_scheduler_of_a_tensor_lr_does_as_with_a_number(name: str, way: str) -> None:
    ends = []
    for lr in (
        LR,
        torch.tensor(LR, dtype=torch.float64),
        torch.full((1,), LR, dtype=torch.float64),
    ):
        one = AMSGrad(parameters(), lr, BETAS, EPS, **WAYS.get(way, {}))
        scheduler = SCHEDULERS[name](one)
        for grads in gradients(12):
            advance(one, grads)
            scheduler.step()
        # OneCycleLR changes the betas, too.
        ends.append(flat(one, "x"))
    for end in ends[1:]:
        torch.testing.assert_close(end, ends[0], rtol=1e-9, atol=1e-12)


def test_tensor_lr_may_be_changed_in_place() -> None:
    lr = torch.full((1,), LR)
    one = AMSGrad(parameters(), lr)
    lr.zero_()
    before = flat(one, "x").clone()
    run(one, gradients(3))
    assert torch.equal(flat(one, "x"), before)


@pytest.mark.parametrize("semantics", ["labml", "torch", "paper"])
def test_fused_takes_a_tensor_lr_where_the_layout_is_not_the_kernels(semantics: str) -> None:
    ends = []
    for options in ({}, {"fused": True}):
        x = Parameter(torch.ones(8, 8, dtype=torch.float64)[:, ::2])
        lr = torch.tensor(LR, dtype=torch.float64)
        one = AMSGrad([x], lr, BETAS, EPS, WeightDecay(0.1), semantics=semantics, **options)
        for step in range(3):
            x.grad = drawn(x, step)
            one.step()
        ends.append(x.detach())
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("way", ["definition", *WAYS])
def test_gradient_scaling_leaves_out_a_step_that_overflows(way: str) -> None:
    torch.manual_seed(0)
    net = torch.nn.Linear(8, 3)
    twin = copy.deepcopy(net)
    ours, plain = (AMSGrad(n.parameters(), **WAYS.get(way, {})) for n in (net, twin))
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8, growth_interval=3)
    inputs = torch.randn(6, 16, 8)
    for k, batch in enumerate(inputs):

        def loss(n: torch.nn.Module, x: torch.Tensor = batch) -> torch.Tensor:
            with torch.autocast("cpu", torch.bfloat16):
                return n(x).float().square().mean()

        ours.zero_grad()
        scaler.scale(loss(net)).backward()
        if k == 2:
            net.weight.grad[0, 0] = float("inf")
        scaler.step(ours)
        scaler.update()
        if k != 2:
            plain.zero_grad()
            loss(twin).backward()
            plain.step()
    assert {int(state["step"]) for state in ours.state.values()} == {5}
    for x, y in zip(net.parameters(), twin.parameters(), strict=True):
        assert torch.equal(x, y)  # scales are powers of two


@pytest.mark.parametrize("way", ["definition", *WAYS])
def test_step_in_a_real_loop_lowers_the_loss_and_maximize_raises_it(way: str) -> None:
    for maximize in (False, True):
        x = Parameter(torch.tensor([2.0, -1.0]))
        one = AMSGrad([x], lr=0.1, maximize=maximize, **WAYS.get(way, {}))
        calls = []

        def closure(one: AMSGrad = one, x: Parameter = x, calls: list[int] = calls) -> torch.Tensor:
            calls.append(1)
            one.zero_grad()
            loss = x.square().sum()
            loss.backward()
            return loss

        losses = [one.step(closure).item() for _ in range(5)]
        assert len(calls) == 5
        assert losses == sorted(losses, reverse=not maximize)
        assert len(set(losses)) == 5
