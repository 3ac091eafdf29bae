"""Every command of README and docs is run as it is printed, in a folder of one's own, with fewer steps.

``tests/test_docs.py`` has all of them understood, those that are not run here as well.
"""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from photographs import photograph
from PIL import Image

from rsi.commands.main import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^ *```(?:sh|bash)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
REPOSITORY = re.compile(r"\b(examples|benchmarks|configs)/")  # what only a clone has
NOT_RUN = {
    r"pip install|pre-commit": "installs; .github/workflows do it",
    r"^pytest|^\.ci/run": "are the tests themselves",
    r"^docker": "needs a daemon; tests/test_dockerfile.py reads what it builds",
    r"^torchrun|--trainer.devices 8": "needs several machines or GPUs; tests/training starts processes",
    r"s3://": "needs a bucket; tests/examples/test_cluster.py runs the scripts on folders",
    r"^tensorboard": "serves until it is stopped",
    r"^rsi app": "serves until it is stopped; tests/app opens it",
    r"ffhq1024|vgg16|stylegan3-|imagenet128": "needs weights of NVIDIA's, LPIPS's or StyleGAN-XL's from the network",
    r"^rsi benchmark": "takes hours; tests/commands/test_benchmark.py runs it on one image",
    r"^python benchmarks/step.py": "takes minutes; tests/benchmarks/test_step.py runs it with fewer steps",
    r"--method ddrm": "needs a prior that is trained first; tests/methods/test_ddrm.py trains one",
}
SHORT = {"pulse": "short_pulse.yaml", "lbrgm": "short_lbrgm.yaml", "rsi": "short.yaml"}


def commands() -> list[str]:
    """The lines of all shell blocks but comments, a line that goes on taken as one."""
    blocks = [block for page in PAGES for block in BLOCK.findall(page.read_text(encoding="utf-8"))]
    lines = [" ".join(line.split()) for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return sorted({line for line in lines if line and not line.startswith("#")})


def reasons(command: str) -> list[str]:
    return [reason for pattern, reason in NOT_RUN.items() if re.search(pattern, command)]


def test_nothing_is_left_out_without_need() -> None:
    assert [pattern for pattern in NOT_RUN if not any(re.search(pattern, command) for command in commands())] == []


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What earlier commands have left: a run, and faces that were cut out and restored."""
    folder = tmp_path_factory.mktemp("earlier")
    (folder / "photos").mkdir()
    photograph("astronaut").save(folder / "photos/astronaut.png")
    assert main(["align", str(folder / "photos"), "--output_dir", str(folder / "aligned"), "--size", "128"]) == 0
    (folder / "imgs").mkdir()
    save_target(folder / "imgs/NAME.jpg", "jpeg", 128)
    short = ["--config", str(ROOT / "tests/conf/short.yaml")]
    for images, results, degradation in (("imgs", "restored", "jpeg"), ("aligned", "restored_faces", "noise:M")):
        places = [str(folder / images), "--output_dir", str(folder / results)]
        assert main(["fit", *places, "--degradation", degradation, *short]) == 0
    return folder


def save_target(path: Path, degradation: str, side: int) -> None:
    """A picture such as the degradation leaves for a generator of ``side`` pixels."""
    factor = re.search(r"factor=(\d+)", degradation)
    if "upsample" in degradation or "average_pooling" in degradation:
        side //= int(factor[1]) if factor else 4
    picture = Image.open(ROOT / "examples/clean/face_000.png").convert("RGB").resize((side, side))
    if degradation == "inpaint" and path.suffix == ".png":
        picture.putalpha(half_white(picture.size))
    picture.save(path)


def half_white(size: tuple[int, int]) -> Image.Image:
    """A mask whose lower half is known."""
    return Image.linear_gradient("L").resize(size).point(lambda value: 255 * (value > 127))


@pytest.fixture
def folder(command: str, earlier: Path, tiny_generator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of one's own, with what the command names; that of a clone where it names parts of the repository."""
    monkeypatch.chdir(tmp_path)
    if REPOSITORY.search(command):
        for name in ("examples", "benchmarks", "configs"):
            Path(name).symlink_to(ROOT / name)
    words = shlex.split(command, comments=True)
    degradation = words[words.index("--degradation") + 1] if "--degradation" in words else "jpeg"
    suffix = ".jpg" if re.search(r"jpeg(?![:\w])", degradation) else ".png"
    side = 32 if "ffhq.pkl" in command else 128
    for name in ("imgs", "noisy", "holes", "small", "holiday", "masks"):
        Path(name).mkdir()
        if name != "masks":
            save_target(Path(name, f"1{suffix}"), degradation, side)
    for name in ("face.jpg", "a.jpg", "b.jpg"):
        save_target(Path(name), "jpeg", 128)
    half_white(Image.open(f"imgs/1{suffix}").size).save("masks/1.png")
    shutil.make_archive("faces", "zip", "small")
    shutil.copy(tiny_generator, "ffhq.pkl")
    for name in ("custom_degradation", "my_module"):
        shutil.copy(ROOT / "examples/custom_degradation.py", f"{name}.py")
        monkeypatch.delitem(sys.modules, name, raising=False)
    shutil.copytree(earlier / "photos", "photos")
    if words[1] in ("report", "render", "paste"):
        shutil.copytree(earlier / ("restored_faces" if words[1] == "paste" else "restored"), "restored")
    if words[1] in ("paste", "fit"):
        shutil.copytree(earlier / "aligned", "aligned")
        shutil.copytree(earlier / "aligned", "faces")
        if "upsample" in degradation:
            save_target(Path("aligned/astronaut.png"), degradation, side)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", [command for command in commands() if not reasons(command)])
def test_command_runs_as_printed(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program, name, *flags = shlex.split(command, comments=True)
    assert program == "rsi", "say in NOT_RUN why it is not run"
    monkeypatch.setattr("sys.path", [*sys.path, str(Path.cwd())])
    if name == "fit" and "--help" not in flags:
        method = flags[flags.index("--method") + 1] if "--method" in flags else "rsi"
        flags += ["--config", str(ROOT / "tests/conf" / SHORT[method])]
    if name == "restore":
        flags += ["--config", "fast"]
    status: object
    try:
        status = main([name, *flags])
    except SystemExit as end:  # of --help
        status = end.code
    said = capsys.readouterr()
    assert status == 0, said.out + said.err
