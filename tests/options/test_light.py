"""What is made of a command line before torch is imported."""

import pytest

from rsi.options.light import CommandLine, read_command_line


def read(*argv: str) -> CommandLine:
    return read_command_line("fit", argv)


@pytest.mark.parametrize(
    ("argv", "options", "images"),
    [
        (["a.jpg"], [], ["a.jpg"]),
        (["a.jpg", "--seed", "3", "b.png"], ["--seed", "3"], ["a.jpg", "b.png"]),
        (["--overwrite", "a.jpg", "-v"], ["--overwrite", "-v"], ["a.jpg"]),
        (["x", "--output_dir", "x", "x"], ["--output_dir", "x"], ["x", "x"]),
        (["--output_dir=x", "x"], ["--output_dir=x"], ["x"]),
        (["--seed", "-1", "a.jpg"], ["--seed", "-1"], ["a.jpg"]),
        (["--quiet", "--", "-odd.jpg", "--seed"], ["--quiet"], ["./-odd.jpg", "./--seed"]),
        (["--print_config", "a.jpg"], ["--print_config="], ["a.jpg"]),
        (["--print_config=skip_default"], ["--print_config=skip_default"], []),
        (["-c", "fast", "a.jpg"], ["-c", "fast"], ["a.jpg"]),
        (["--degradation", "my.Blur", "--degradation.sigma", "3", "a.jpg"], None, ["a.jpg"]),
        (["--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.patience", "3", "a.jpg"], None, ["a.jpg"]),
        (["--model.schedule", "[]", "a.jpg"], ["--model.schedule", "[]"], ["a.jpg"]),
    ],
)
def test_images_are_told_from_options(argv: list[str], options: list[str] | None, images: list[str]) -> None:
    line = read(*argv)
    assert line.images == images
    assert line.options == (argv[:-1] if options is None else options)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--target-dir", "--target_dir"),
        ("--target-dir=a-b/c-d", "--target_dir=a-b/c-d"),
        ("--checkpoint.every-seconds=9", "--checkpoint.every_seconds=9"),
        ("--trainer.num-nodes=1", "--trainer.num_nodes=1"),
        ("--degradation.my-sigma=3", "--degradation.my_sigma=3"),
    ],
)
def test_dashes_are_as_good_as_underscores(given: str, meant: str) -> None:
    rest = [] if "=" in given else ["x"]
    assert read(given, *rest).options == [meant, *rest]


def test_dashes_in_every_option_of_other_commands() -> None:
    line = read_command_line("paste", ["a", "b", "--aligned-dir", "c-d", "--output-dir=e-f"])
    assert line == CommandLine(["a", "b", "--aligned_dir", "c-d", "--output_dir=e-f"], [])


def test_options_are_those_of_the_method(capsys: pytest.CaptureFixture[str]) -> None:
    assert read("--method", "pulse", "--model.geocross-weight", "0").options[2] == "--model.geocross_weight"
    assert read("--config", "pulse", "--model.noise_maps", "0").images == []
    with pytest.raises(SystemExit, match="2"):
        read("--model.noise_maps", "0")
    told = capsys.readouterr().err
    assert "--method rsi has no --model.noise_maps, which is an option of --method pulse" in told


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--samples", "x"], "argument --samples: invalid int value: 'x'"),
        (["--fit", "stretch"], "argument --fit: invalid choice: 'stretch'"),
        (["--model.optimizer", "sgd"], "argument --model.optimizer: invalid choice: 'sgd'"),
    ],
)
def test_value_that_is_none_of_the_option(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        read("a.jpg", *given)
    assert message in capsys.readouterr().err
    assert read("--report", "True", "--class_label", "-1").images == []


def test_value_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        read("a.jpg", "--output_dir")
    assert "argument --output_dir: expected one argument" in capsys.readouterr().err


def test_options_of_another_version_of_lightning_are_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _: "2.6.99")
    assert read("a.jpg", "--trainer.brand_new", "3") == CommandLine(["--trainer.brand_new", "3"], ["a.jpg"])
