"""The command line and its files: what is read, which value wins, and what an error says."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from amsgrad.config.own_options import problems_with, rules_with
from amsgrad.config.run_config import RUN, Config, names
from amsgrad.config.together import MOST_RECORDS
from amsgrad.options import REQUIRED, ConfigError, options_of
from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES
from amsgrad.rules.adam import SEMANTICS
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES
from experiments.config.arguments import APP, FLAGS, OUT, command, parse
from experiments.config.reading import read_settings
from experiments.config.yaml_file import read_file, to_yaml
from experiments.invocation import invocation
from experiments.synthetic import main

ROOT = Path(__file__).parents[2]
SGD = "torch.optim:SGD"
Written = Callable[[str | bytes], str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def written(folder: Path) -> Written:
    """Write FILE.yaml into that folder and give its name."""

    def write(content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        (folder / "FILE.yaml").write_bytes(data)
        return "FILE.yaml"

    return write


def config(*argv: str) -> Config:
    found = parse(argv).config
    assert found is not None
    return found


def refusal(*argv: str) -> str:
    """The sentence of the error, which must be one line."""
    with pytest.raises(ConfigError) as error:
        parse(argv)
    assert str(error.value).isprintable()  # so it is one line
    return str(error.value)


def test_an_error_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--opt", "adm"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("synthetic: error: --opt must be adam, amsgrad, ")
    assert err.count("\n") == 1
    assert err.endswith("; did you mean adam?\n")


# What is read


def test_opt_alone_is_the_seed_program() -> None:
    assert config("--opt", "adam").settings() == {
        "opt": "adam",
        "semantics": "labml",
        "lr": 0.01,
        "beta1": 0.9,
        "beta2": 0.99,
        "eps": 1e-16,
        "schedule": "constant",
        "schedule_rate": 0.01,
        "beta1_schedule": "constant",
        "beta1_rate": 0.999,
        "problem": "online",
        "period": 101,
        "big": 1010.0,
        "small": -10.0,
        "first_t": 0,
        "x0": 0.0,
        "seed": 0,
        "steps": 10_000_000,
        "every": 1000,
        "verify": 1000,
        "engine": "auto",
        "certify": "auto",
        "device": "cpu",
        "dtype": "float32",
    }


def test_what_stands_beside_the_settings() -> None:
    plain = parse(["--opt", "adam"])
    assert (plain.out, plain.app, plain.json) == (Path("results/runs"), None, False)
    assert (plain.resume, plain.print_config) == (None, False)
    line = ["--opt", "adam", "--json", "--print_config", "--out", "o", "--app", "http://h:5005/"]
    full = parse(line)
    assert (full.out, full.app, full.json) == (Path("o"), "http://h:5005", True)
    assert full.print_config


ACCEPTED = [
    ("steps", "1e7", 10_000_000),
    ("steps", "10_000_000", 10_000_000),
    ("steps", "1.5e3", 1500),
    ("steps", "1", 1),
    ("seed", "9223372036854775807", 2**63 - 1),
    ("seed", "1.234567890123456789e18", 1234567890123456789),  # a float would round it
    ("first_t", "0", 0),
    ("verify", "0", 0),
    ("period", "1", 1),
    ("every", "99999999999", 99_999_999_999),
    ("lr", "0", 0.0),
    ("lr", "1e-2", 0.01),
    ("beta1", "0", 0.0),
    ("beta2", "0.9999999999999999", 0.9999999999999999),
    ("eps", "0", 0.0),
    ("x0", "-1", -1.0),
    ("x0", "1", 1.0),
    ("big", "0", 0.0),
    ("small", "-10", -10.0),
    ("small", "-1e3", -1000.0),  # argparse alone takes it for an option
    ("small", "-.5", -0.5),
    ("opt", SGD, SGD),
    ("engine", "reference", "reference"),
    ("schedule", "inverse_sqrt", "inverse_sqrt"),
    ("dtype", "float64", "float64"),
]


@pytest.mark.parametrize(("name", "text", "value"), ACCEPTED)
def test_a_value_is_read_alike_everywhere(
    name: str, text: str, value: object, written: Written
) -> None:
    opt = [] if name == "opt" else ["--opt", "adam"]
    for argv in (
        [*opt, f"--{name}", text],
        [*opt, f"--{name}={text}"],
        [*opt, "--config", written(f"{name}: {text}")],
        [*opt, "--config", written(f"{name}: '{text}'")],
    ):
        found = config(*argv).settings()[name]
        assert (found, type(found)) == (value, type(value)), argv
    again = Config(**{"opt": "adam", name: value}).settings()[name]
    assert (again, type(again)) == (value, type(value))


def test_eps_is_that_of_the_semantics() -> None:
    assert config("--opt", "adam", "--semantics", "torch").rule_options["eps"] == 1e-8
    line = ["--opt", "adam", "--semantics", "torch", "--eps", "1e-3"]
    assert config(*line).rule_options["eps"] == 1e-3
    assert config("--opt", SGD).rule_options == {}
    line = ["--opt", "torch.optim:RMSprop", "--eps", "1e-3"]
    assert config(*line).rule_options == {"eps": 1e-3}


def test_an_eager_run_ends_within_a_minute() -> None:
    assert config("--opt", SGD).steps == 200_000
    assert config("--opt", "adam", "--engine", "torch").steps == 200_000
    assert config("--opt", "adam").steps == 10_000_000
    assert config("--opt", SGD, "--steps", "1e7").steps == 10_000_000


def test_an_option_not_given_is_the_rules_own() -> None:
    for opt, method in RULES.items():
        found = config("--opt", opt).rule_options
        assert found == method.resolve({})
        assert list(found) == list(method.options)
    assert config("--opt", "adopt", "--beta2", "0.5").rule_options["beta2"] == 0.5


def test_an_option_not_given_is_the_problems_own() -> None:
    for problem, cls in PROBLEMS.items():
        found = config("--opt", "adam", "--problem", problem)
        own = {n: option.default for n, option in options_of(cls).items() if n != "seed"}
        assert found.problem_options == own
        assert found.make_problem() == cls()
    zhang = config("--opt", "adam", "--problem", "zhang", "--order", "random")
    assert zhang.problem_options["order"] == "random"


def test_dashes_and_underscores_are_alike() -> None:
    for line in (["--first-t", "1"], ["--first_t=1"], ["--first-t=1"]):
        assert config("--opt", "adam", *line).first_t == 1
    assert parse(["--opt", "adam", "--print-config"]).print_config


def test_a_file_may_hold_options_of_other_rules_and_problems(written: Written) -> None:
    file = written("opt: adam\nperiod: 50\nprobability: 0.5\nwindow: 3\nbeta1: 0.8")
    assert config("--config", file) == Config(opt="adam", period=50, beta1=0.8)
    assert config("--config", file, "--opt", "sgd").rule_options == {}


def test_beyond_a_million_records_they_are_spread_over_the_logarithm() -> None:
    assert config("--opt", "adam", "--steps", "1e9").every == 1000
    assert config("--opt", "adam", "--steps", "1000000001").every is None
    assert config("--opt", "adam", "--steps", "1e15", "--every", "1e10").every == 10**10


def test_a_file_may_start_with_a_byte_order_mark(written: Written) -> None:
    assert config("--config", written(b"\xef\xbb\xbfopt: adam")) == Config(opt="adam")


def test_any_engine_that_can_is_let_through() -> None:
    for engine in ("auto", "torch"):
        assert config("--opt", "adam", "--device", "cuda", "--engine", engine).device == "cuda"
        assert config("--opt", SGD, "--engine", engine).foreign
    assert not config("--opt", "adam", "--engine", "compiled").foreign


def test_a_config_cannot_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Config(opt="adam").lr = 1.0  # type: ignore[misc]


# Which value wins


def test_the_line_wins_over_the_file_in_either_order(written: Written) -> None:
    file = ["--config", written("opt: amsgrad\nlr: 0.5\nout: there\nbeta1: 0.8")]
    flags = ["--lr", "0.25", "--out", "here"]
    for argv in (file + flags, flags + file):
        asked = parse(argv)
        assert asked.config == Config(opt="amsgrad", lr=0.25, beta1=0.8)
        assert asked.out == Path("here")
        assert asked.chosen == {"opt", "lr", "beta1"}


def test_a_default_on_the_line_wins_and_counts_as_chosen(written: Written) -> None:
    asked = parse(["--config", written("opt: adam\nlr: 0.5"), "--lr", "0.01"])
    assert asked.config == Config(opt="adam")
    assert asked.chosen == {"opt", "lr"}


def test_the_last_of_a_repeated_option_wins() -> None:
    assert config("--opt", "adam", "--lr", "0.5", "--opt", "amsgrad", "--lr", "0.25") == Config(
        opt="amsgrad", lr=0.25
    )


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("HOME", str(folder))
    (folder / "mine.yaml").write_text("opt: adam\nout: ~/there")
    assert parse(["--config", "~/mine.yaml"]).out == folder / "there"
    assert parse(["--opt", "adam", "--out", "~/here"]).out == folder / "here"


def test_app_and_out_may_stand_in_a_file(written: Written) -> None:
    asked = parse(["--config", written("opt: adam\nout: some/where\napp: https://h\neps: null")])
    assert (asked.out, asked.app) == (Path("some/where"), "https://h")
    assert asked.chosen == {"opt"}


def test_the_environment_has_no_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {
        "LR": "0.5",
        "PYTHON__M_EXPERIMENTS_SYNTHETIC_LR": "0.5",
        "COLUMNS": "30",
    }
    with pytest.raises(SystemExit):
        parse(["--help"])
    before = capsys.readouterr().out
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert config("--opt", "adam") == Config(opt="adam")
    assert refusal("--lr") == "--lr needs a value"
    with pytest.raises(SystemExit):
        parse(["--help"])
    assert capsys.readouterr().out == before


# What is refused

OPT = f"must be {', '.join(RULES)} or package.module:Name of a torch optimizer or a rule, but"
REFUSED = [
    ("", f"--opt must be given: {OPT[8:-5]}"),
    ("--opt sgdm", f"--opt {OPT} sgdm was given; did you mean sgd?"),
    (
        "--opt yogi --window 3",
        "--window has no effect with --opt yogi, which has beta1, beta2, eps",
    ),
    ("--opt sgd --beta1 0.5", "--beta1 has no effect with --opt sgd, which has none"),
    ("--opt sgd --semantics torch", "--semantics has no effect with --opt sgd, which has none"),
    (f"--opt {SGD} --window 3", f"--window has no effect with --opt {SGD}, which has dampening, d"),
    (
        "--opt sgd --beta1_schedule harmonic",
        "--beta1_schedule needs a rule with a beta1, not --opt",
    ),
    (
        "--opt adashift --window 65",
        "--window must be a whole number from 1 to 64, but 65 was given",
    ),
    ("--opt padam --power 0.6", "--power must be a number in (0, 0.5], but 0.6 was given"),
    (
        "--opt yogi --engine torch",
        "needs a torch optimizer, which exists for adam, amsgrad, sgd,",
    ),
    ("--opt yogi --device cuda", "only, but --opt yogi was given"),
    ("--opt amsgrd", f"--opt {OPT} amsgrd was given; did you mean amsgrad?"),
    ("--opt Adam", f"--opt {OPT} Adam was given; did you mean adam?"),
    ("--opt torch.optim.SGD", "torch.optim.SGD was given; did you mean torch.optim:SGD?"),
    ("--opt torch.optim:", f"--opt {OPT} torch.optim: was given"),
    ("--opt :SGD", f"--opt {OPT} :SGD was given"),
    ("--opt a..b:C", f"--opt {OPT} a..b:C was given"),
    ("--opt a:b:C", f"--opt {OPT} a:b:C was given"),
    ("--opt os:system('x')", f"--opt {OPT} os:system('x') was given"),
    ("--opt=", f"--opt {OPT} '' was given"),
    ("--opt a\nb", f"--opt {OPT} 'a\\nb' was given"),
    ("--opt null", f"--opt {OPT} null was given"),
    ("--opt", "--opt needs a value"),
    ("--steps 0", "--steps must be a whole number from 1 to 2**63 - 1, but 0 was given"),
    ("--steps 1.5", "--steps must be a whole number from 1 to 2**63 - 1, but 1.5 was given"),
    ("--steps 1e999999999", "--steps must be a whole number from 1 to 2**63 - 1, but 1e99"),
    ("--steps nan", "--steps must be a whole number"),
    ("--steps inf", "--steps must be a whole number"),
    ("--steps true", "--steps must be a whole number"),
    ("--steps ten", "--steps must be a whole number"),
    ("--steps -1", "but -1 was given"),
    ("--every 0", "--every must be a whole number from 1 to"),
    ("--verify -1", "--verify must be a whole number from 0 to"),
    ("--period 0", "--period must be a whole number from 1 to"),
    ("--first_t -1", "--first_t must be a whole number from 0 to"),
    ("--seed -1", "--seed must be a whole number from 0 to 2**63 - 1, but -1 was given"),
    ("--seed 9223372036854775808", "--seed must be a whole number from 0 to 2**63 - 1"),
    ("--lr -0.1", "--lr must be a finite number, 0 or more, but -0.1 was given"),
    ("--lr nan", "--lr must be a finite number, 0 or more, but nan was given"),
    ("--lr inf", "--lr must be a finite number, 0 or more, but inf was given"),
    ("--lr 1e999", "--lr must be a finite number, 0 or more, but 1e999 was given"),
    ("--lr null", "--lr must be a finite number, 0 or more, but null was given"),
    ("--lr x", "--lr must be a finite number, 0 or more, but x was given"),
    ("--lr [1]", "--lr must be a finite number, 0 or more, but [1] was given"),
    ("--lr=", "--lr must be a finite number, 0 or more, but '' was given"),
    ("--beta1 1", "--beta1 must be a number in [0, 1), but 1 was given"),
    ("--beta1 -0.1", "--beta1 must be a number in [0, 1), but -0.1 was given"),
    ("--beta1 nan", "--beta1 must be a number in [0, 1), but nan was given"),
    ("--beta2 1.0", "--beta2 must be a number in [0, 1), but 1.0 was given"),
    ("--eps -1e-8", "--eps must be a finite number, 0 or more, but -1e-8 was given"),
    ("--eps null", "--eps must be a finite number, 0 or more, but null was given"),
    ("--x0 1.1", "--x0 must be a number in [-1, 1] with --problem online, but 1.1 was given"),
    ("--x0 -1.1", "--x0 must be a number in [-1, 1] with --problem online, but -1.1 was given"),
    ("--problem zhang --x0 inf", "--x0 must be a finite number, but inf was given"),
    ("--big inf", "--big must be a finite number, but inf was given"),
    ("--small -inf", "--small must be a finite number, but -inf was given"),
    (
        "--schedule sqrt",
        "--schedule must be constant, inverse_sqrt, shifted_inverse_sqrt or inverse_power, but sqrt"
        " was given",
    ),
    (
        "--schedule inverse_power",
        "--schedule inverse_power needs --schedule_rate, the power of k",
    ),
    (
        "--schedule inverse_power --schedule_rate 1.5",
        "--schedule_rate must be a power above 0 and at most 1 with --schedule inverse_power, but"
        " 1.5 was given",
    ),
    (
        "--schedule inverse_power --schedule_rate 0",
        "--schedule_rate must be a power above 0 and at most 1 with --schedule inverse_power, but"
        " 0 was given",
    ),
    (
        "--semantics Torch",
        "--semantics must be labml, torch, paper, optax or keras, but Torch was given; did you",
    ),
    (
        "--problem offline",
        "sequence, quadratic, rare or package.module:Name of a problem, but offline was given;"
        " did you mean online?",
    ),
    (
        "--problem thorem1",
        "--problem must be online, stochastic, theorem1, theorem2, theorem3, theorem6, adopt",
    ),
    (
        "--probability 0.5",
        "--probability has no effect with --problem online, which has big, period",
    ),
    ("--problem stochastic --period 3", "--period has no effect with --problem stochastic"),
    ("--problem adafom --big 3", "--big has no effect with --problem adafom, which has none"),
    ("--problem theorem1 --big 2", "--big must be a finite number above 2, but 2 was given"),
    ("--problem zhang --order up", "--order must be cyclic or random, but up was given"),
    ("--engine fast", "--engine must be auto, compiled, torch or reference, but fast was given"),
    ("--device cuda:0", "--device must be cpu or cuda, but cuda:0 was given; did you mean cuda?"),
    ("--dtype float16", "--dtype must be float32 or float64, but float16 was given"),
    ("--app localhost", "--app must be http(s)://host[:port], but localhost was given"),
    ("--app http://h:99999", "--app must be http(s)://host[:port], but http://h:99999 was given"),
    ("--app http://h/path", "--app must be http(s)://host[:port], but http://h/path was given"),
    ("--app ftp://h", "--app must be http(s)://host[:port], but ftp://h was given"),
    ("--out=", "--out must be the name of a folder, but '' was given"),
    ("--lrr 1", "unknown option --lrr; did you mean --lr?"),
    ("--LR 1", "unknown option --LR; did you mean --lr?"),
    (f"--lr {'9' * 500}", f"but {'9' * 77}... was given"),
    ("--first-tt 1", "unknown option --first_tt; did you mean --first_t?"),
    ("--js", "unknown option --js"),
    ("--st 5", "unknown option --st"),  # no abbreviations
    ("--lr.x 1", "unknown option --lr.x; did you mean --lr?"),
    ("--lr+ 1", "unknown option --lr+"),
    ("--print_shtab bash", "unknown option --print_shtab"),
    ("--zzz", "unknown option --zzz; --help lists what there is"),
    ("--", "unknown option --"),
    ("-q", "-q belongs to no option; see --help"),
    ("adam", "adam belongs to no option; see --help"),
    ("--json 3", "3 belongs to no option; see --help"),
    ("--json=3", "--json takes no value"),
    ("--print_config=x", "--print_config takes no value"),
    ("--help=x", "--help takes no value"),
    ("--lr --json", "--lr needs a value"),
    ("--resume", "--resume needs a value"),
    ("--config", "--config needs a value"),
    ("--config=--", "--config needs a value"),
    ("--out=~nobody-has-this-name/x", "--out must be the name of a folder, but ~nobody-has-"),
    ("--device cuda --engine compiled", "--device cuda needs --engine torch, but compiled was"),
    ("--device cuda --engine reference", "--device cuda needs --engine torch, but reference was"),
    (f"--opt {SGD} --engine compiled", f"--opt {SGD} needs --engine torch, but compiled was given"),
    (f"--opt {SGD} --engine reference", f"--opt {SGD} needs --engine torch, but reference was"),
    ("--certify maybe", "--certify must be auto, yes or no, but maybe was given"),
    ("--certify yes --engine torch", "--certify yes needs a rule and --engine compiled, but --opt"),
    (f"--opt {SGD} --certify yes", "--certify yes needs a rule and --engine compiled, but --opt"),
    ("--steps 1e12 --every 10000", "--every must be at least 20000 with --steps 1000000000000"),
    ("--first_t 9e18 --steps 9e18 --every 1e12", "--first_t plus --steps must be at most 2**63"),
]


@pytest.mark.parametrize(("line", "sentence"), REFUSED)
def test_what_the_line_may_not_say(line: str, sentence: str, folder: Path) -> None:
    opt = ["--opt", "adam"] if line and not line.startswith("--opt") else []
    assert sentence in refusal(*opt, *line.split(" ") if line else [])
    assert list(folder.iterdir()) == []


def test_the_largest_trace_is_still_allowed() -> None:
    assert config("--opt", "adam", "--steps", "1e12", "--every", "20000").every == 20000


FILES: list[tuple[str | bytes, str]] = [
    ("", "--config FILE.yaml is empty"),
    ("# only this\n", "--config FILE.yaml is empty"),
    ("adam", "--config FILE.yaml must hold lines such as 'lr: 0.01'"),
    ("- opt: adam", "--config FILE.yaml must hold lines such as 'lr: 0.01'"),
    ("opt: adam\nlr: [1", "--config FILE.yaml is not valid YAML, line 2"),
    ("opt: adam\n\tlr: 1", "--config FILE.yaml is not valid YAML, line 2"),
    ("opt: *x", "--config FILE.yaml is not valid YAML, line 1"),
    ("opt: adam\n---\nlr: 1", "not valid YAML, line 2: found another document"),
    ("[" * 1000, "--config FILE.yaml is not a list of options"),
    (b"\x00\x01", "--config FILE.yaml must be text in UTF-8"),
    (b"opt: \xff\xfe", "--config FILE.yaml must be text in UTF-8"),
    ("#" * 100_001, "--config FILE.yaml must not be larger than 100,000 bytes"),
    ("opt: adam\nlr: x", "FILE.yaml, line 2: lr must be a finite number, 0 or more, but x was"),
    ("opt: adam\nopt: amsgrad", "FILE.yaml, line 2: opt is given a second time"),
    ("lrr: 1", "FILE.yaml, line 1: unknown option lrr; did you mean lr?"),
    ("zzz: 1", "FILE.yaml, line 1: unknown option zzz; --help lists what there is"),
    ("print_cfg: 1", "FILE.yaml, line 1: unknown option print_cfg; --help lists"),
    ("1: 2", "FILE.yaml, line 1: unknown option 1"),
    ("? [lr]\n: 2", "FILE.yaml, line 1: the name of an option must be one plain word"),
    ("<<: {lr: 1}", "FILE.yaml, line 1: unknown option <<"),
    ("json: true", "FILE.yaml, line 1: json is for the command line only"),
    ("resume: a", "FILE.yaml, line 1: resume is for the command line only"),
    ("config: a", "FILE.yaml, line 1: config is for the command line only"),
    ("print_config: a", "FILE.yaml, line 1: print_config is for the command line only"),
    ("opt: null", f"FILE.yaml, line 1: opt {OPT} null was given"),
    ("opt:", f"FILE.yaml, line 1: opt {OPT} null was given"),
    ("opt: amsgrd", "amsgrd was given; did you mean amsgrad?"),
    ("lr: null", "FILE.yaml, line 1: lr must be a finite number, 0 or more, but null was given"),
    ("lr: ~", "FILE.yaml, line 1: lr must be a finite number, 0 or more, but null was given"),
    ("lr: .nan", "FILE.yaml, line 1: lr must be a finite number"),
    ("lr: .inf", "FILE.yaml, line 1: lr must be a finite number"),
    ("lr: nan", "FILE.yaml, line 1: lr must be a finite number"),
    ("lr: true", "FILE.yaml, line 1: lr must be a finite number, 0 or more, but true was given"),
    ("steps: true", "FILE.yaml, line 1: steps must be a whole number"),
    ("steps: yes", "FILE.yaml, line 1: steps must be a whole number"),
    ("steps: 1.5", "FILE.yaml, line 1: steps must be a whole number"),
    ("steps: 1:30", "FILE.yaml, line 1: steps must be a whole number"),  # 90 in YAML 1.1
    ("out: null", "FILE.yaml, line 1: out must be the name of a folder, but null was given"),
    ("app: nowhere", "FILE.yaml, line 1: app must be http(s)://host[:port], but nowhere was"),
    ("lr: [1]", "FILE.yaml, line 1: lr must be one plain value: a finite number, 0 or more"),
    ("opt: {class_path: os.system}", "FILE.yaml, line 1: opt must be one plain value: adam"),
    ("opt: !!python/name:os.system adam", "FILE.yaml, line 1: opt must be one plain value"),
    ("opt: !own adam", "FILE.yaml, line 1: opt must be one plain value"),
    ("device: cuda\nengine: compiled", "with --config FILE.yaml: --device cuda needs --engine"),
]


@pytest.mark.parametrize(("text", "sentence"), FILES)
def test_what_a_file_may_not_say(text: str | bytes, sentence: str, written: Written) -> None:
    opt = [] if b"opt" in (text.encode() if isinstance(text, str) else text) else ["--opt", "adam"]
    assert sentence in refusal(*opt, "--config", written(text))


def test_a_file_runs_no_code(folder: Path, written: Written) -> None:
    attack = "opt: !!python/object/apply:os.mkdir [made]"
    yaml.unsafe_load(attack.replace("made", "proof"))  # it works where PyYAML is made to obey
    assert (folder / "proof").is_dir()
    refusal("--config", written(attack))
    assert not (folder / "made").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.yaml", "--config missing.yaml does not exist"),
        ("", "--config must be the name of a file, but '' was given"),
        (".", "--config . is a folder"),
        ("FILE.yaml/lr", "--config FILE.yaml/lr cannot be read: Not a directory"),
        ("n" * 300, "cannot be read: File name too long"),
    ],
)
def test_a_file_that_cannot_be_opened(name: str, sentence: str, written: Written) -> None:
    written("opt: adam")
    assert sentence in refusal("--opt", "adam", f"--config={name}")


@pytest.mark.parametrize("line", ["--resume a-1", "--resume a-1 --json --app http://h:1 --out o"])
def test_resume_takes_a_run_and_where_to_report(line: str) -> None:
    asked = parse(line.split())
    assert (asked.config, asked.resume, asked.chosen) == (None, "a-1", frozenset())
    assert asked.json == ("--json" in line)
    assert (asked.out, asked.app) == (
        (Path("o"), "http://h:1") if asked.json else (Path("results/runs"), None)
    )


BESIDE_RESUME = [*((f"--{name}", "1") for name in names()), ("--config", "f"), ("--print_config",)]


@pytest.mark.parametrize("surplus", BESIDE_RESUME)
def test_nothing_else_stands_beside_resume(surplus: tuple[str, ...]) -> None:
    for argv in (["--resume", "a", *surplus], [*surplus, "--resume", "a", "--json"]):
        assert refusal(*argv).startswith(f"{surplus[0]} must not stand beside --resume")


@pytest.mark.parametrize("run", ["", ".", "..", "a/b", "/a", "a/"])
def test_resume_takes_an_id_and_no_path(run: str) -> None:
    assert "--resume must be the ID of a run, but" in refusal(f"--resume={run}")


# From Python


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({}, "opt must be given: adam, amsgrad, sgd, rmsprop"),
        ({"opt": None}, f"opt {OPT} null was given"),
        ({"opt": 1}, f"opt {OPT} 1 was given"),
        ({"opt": "adam", "lrr": 1}, "lrr is not a setting; did you mean lr?"),
        ({"opt": "adam", "out": "here"}, "out is not a setting"),
        ({"opt": "adam", "lr": None}, "lr must be a finite number, 0 or more, but null was given"),
        ({"opt": "adam", "lr": True}, "lr must be a finite number, 0 or more, but True was given"),
        ({"opt": "adam", "lr": 10**400}, "lr must be a finite number, 0 or more, but 1000"),
        ({"opt": "adam", "lr": float("nan")}, "lr must be a finite number"),
        ({"opt": "adam", "lr": [0.1]}, "lr must be a finite number, 0 or more, but [0.1] was"),
        ({"opt": "adam", "steps": True}, "steps must be a whole number"),
        ({"opt": "adam", "steps": 1.5}, "steps must be a whole number"),
        ({"opt": "adam", "steps": (0, (1,), 1)}, "steps must be a whole number"),  # a Decimal
        ({"opt": "adam", "steps": b"1"}, "steps must be a whole number"),
    ],
)
def test_what_a_mapping_may_not_hold(mapping: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        Config(**mapping)
    assert sentence in str(error.value)
    assert len(str(error.value)) < 300


def numbers(least: float | None = None, most: float | None = None) -> st.SearchStrategy[float]:
    return st.floats(least, most, allow_nan=False, allow_infinity=False)


def whole(least: int, most: int = 2**61) -> st.SearchStrategy[int]:
    return st.integers(least, most)


ADAMS = ("adam", "amsgrad")


@st.composite
def configs(draw: st.DrawFn) -> Config:
    steps = draw(whole(1))
    opt = draw(st.sampled_from([*RULES, SGD, "torch.optim:Adam"]))
    foreign = ":" in opt
    device, engines = draw(st.sampled_from(["cpu", "cuda"])), RUN["engine"].type.names
    if device == "cuda" or foreign:
        engines = ("auto", "torch")
    if not foreign and not RULES[opt].counterparts:
        device, engines = "cpu", ("auto", "compiled", "reference")
    both = draw(st.booleans()) or not foreign
    schedule = draw(st.sampled_from(list(SCHEDULES)))
    schedules = st.sampled_from(list(BETA1_SCHEDULES))
    dtype = draw(st.sampled_from(RUN["dtype"].type.names))
    most = 3e38 if dtype == "float32" else 1e308
    return Config(
        opt=opt,
        semantics=draw(st.sampled_from(list(SEMANTICS))) if opt in ADAMS else None,
        lr=draw(numbers(0, most)),
        beta1=draw(st.floats(0, 1, exclude_max=True)) if both else None,
        beta2=draw(st.floats(0, 1, exclude_max=True)) if both else None,
        eps=draw(st.none() | numbers(0, most)),
        schedule=schedule,
        schedule_rate=draw(numbers(1e-9, 1) if schedule == "inverse_power" else numbers(0, most)),
        beta1_schedule=draw(schedules) if both and opt in ADAMS else "constant",
        beta1_rate=draw(st.floats(0, 1)),
        window=draw(st.none() | whole(1, 64)),
        power=draw(st.none() | numbers(1e-9, 0.5)),
        problem=draw(st.sampled_from(["online", "stochastic"])),
        period=draw(whole(1)),
        probability=draw(st.floats(0, 1, exclude_max=True)),
        big=draw(numbers(-most, most)),
        small=draw(numbers(-most, most)),
        first_t=draw(whole(0)),
        x0=draw(numbers(-1, 1)),
        seed=draw(whole(0, 2**63 - 1)),
        steps=steps,
        every=draw(st.none() | whole(-(-steps // MOST_RECORDS))),
        verify=draw(whole(0)),
        engine=draw(st.sampled_from(engines)),
        device=device,
        dtype=dtype,
    )


@given(configs())
def test_to_yaml_comes_back_the_same(any_config: Config) -> None:
    text = to_yaml(any_config)
    in_force = [line.partition(":")[0] for line in text.splitlines()]
    assert in_force == list(any_config.settings())
    assert text.startswith(f"opt: {any_config.opt}\n")
    for mapping in (yaml.safe_load(text), yaml.load(text, Loader=yaml.BaseLoader)):
        assert Config(**mapping) == any_config
    Path("saved.yaml").write_text(text, encoding="utf-8")
    assert Config(**read_settings(read_file(Path("saved.yaml")))) == any_config
    assert config("--config", "saved.yaml", "--print_config") == any_config


def test_a_file_of_an_earlier_version_is_read(written: Written) -> None:
    """It had a null for each option of other rules and problems."""
    text = "opt: adam\nwindow: null\ndelta: null\nperiod: 50\nevery: 1000\nprobability: null"
    assert config("--config", written(text)) == Config(opt="adam", period=50)


# What a person reads


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(["--help"])
    text, err = capsys.readouterr()
    assert (stopped.value.code, err) == (0, "")
    _, *lines, _ = text.splitlines()  # those two begin with the path of this python
    assert max(map(len, lines)) <= 100
    words = " ".join(text.split())
    listed = [*names(), "out", "app", "config", "resume", *FLAGS]
    order = [words.index(f" --{name} ") for name in listed]
    assert order == sorted(order)
    for name, option in {**RUN, "out": OUT, "app": APP}.items():
        assert f"--{name} {option.type.metavar} {option.sentence} ({option.type}" in words
        if option.default not in (None, REQUIRED):
            assert f"; default {option.default})." in words
    for name, owners in {**rules_with(), **problems_with()}.items():
        for option in owners.values():
            assert option.sentence in words, name
    for title in command().groups.values():
        assert f"\n{title}:\n" in text
    for method in RULES.values():
        assert f"{method.name} {method.formula}" in words
    for name, cls in PROBLEMS.items():
        assert f"{name} {cls().in_words}" in words
    assert "adamax or package.module:Name of a torch optimizer or a rule; required)." in words
    assert "by default 1e-16 for labml adabelief, 0 for paper adamnc adamx, 1e-07" in words
    assert "by default 101 for online, 100 for rare and 10 for the others" in words


def test_the_example_of_help_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    example = capsys.readouterr().out.splitlines()[-1]
    start = f"Example: {invocation('synthetic')} "
    assert example.startswith(start)
    assert parse(example.removeprefix(start).split()).config is not None


def test_every_group_of_help_starts_at_an_option() -> None:
    groups, options = command().groups, command().options
    assert set(groups) <= set(options)
    assert next(iter(groups)) == next(iter(options))


def test_every_option_has_a_sentence() -> None:
    for option in command().options.values():
        assert option.sentence[0].isupper()
        assert option.sentence[-1] != "."  # --help adds it, after the type and the default


def test_the_parser_imports_little() -> None:
    heavy = ["torch", "numba", "xarray", "matplotlib", "labml", "pandas", "dask"]
    code = (
        f"import sys, experiments.config.arguments; print([m for m in {heavy} if m in sys.modules])"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_the_committed_file_is_the_seed_program_in_full(opt: str) -> None:
    asked = parse(["--config", str(ROOT / f"configs/{opt}.yaml")])
    assert asked.config == Config(opt=opt)
    assert asked.config is not None
    assert asked.chosen == set(asked.config.settings())


def test_the_smoke_run_is_small() -> None:
    smoke = config("--config", str(ROOT / "configs/smoke.yaml"))
    assert smoke.steps <= 20_000
    assert smoke.steps // smoke.every >= 10


@pytest.mark.parametrize("file", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda f: f.stem)
def test_every_committed_file_is_read(file: Path) -> None:
    asked = parse(["--config", str(file)])
    assert asked.config is not None
    assert asked.chosen <= set(asked.config.settings())  # nothing in it is without effect
