import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from rsi.data.pictures import to_picture
from rsi.generators import Generator, StyleGAN2Architecture, load_generator, save_generator
from rsi.log import set_verbosity, tell_once

if "PYTEST_XDIST_WORKER" in os.environ:  # threads of several processes would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a busy one is slow and no reason to fail

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
TINY = StyleGAN2Architecture(
    z_dim=8, c_dim=0, w_dim=8, img_resolution=32, mapping_layers=2, channel_base=256, channel_max=16
)


@pytest.fixture(autouse=True, scope="session")
def _quickly_learned() -> Iterator[None]:
    """Networks that estimate damages of the tests' generators are trained on few images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rsi.estimation.training.IMAGES", 64)
        patch.setattr("rsi.estimation.training.BATCH", 32)
        yield


@pytest.fixture(autouse=True)
def _as_in_a_new_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every test sees the lines that a process prints once, and nothing of what others have set or imported."""
    tell_once.cache_clear()
    set_verbosity(quiet=False, verbose=False)
    environment, path = dict(os.environ), [*sys.path]
    yield
    folder = str(tmp_path_factory.getbasetemp())
    for name, module in [*sys.modules.items()]:
        if str(getattr(module, "__file__", "")).startswith(folder):
            del sys.modules[name]
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Weights and measured step scales are kept in a folder of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(tmp_path_factory.mktemp("torch")))
        yield


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """Lets no file grow beyond so many bytes while a block runs: a write is cut off there, as where a disk fills up."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture(scope="session")
def tiny_generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random generator of 32 px, as a file."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator(TINY)
    path = tmp_path_factory.mktemp("generator") / "tiny.safetensors"
    save_generator(generator, path)
    return path


@pytest.fixture(scope="session")
def noisy_generator(tiny_generator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small generator with noise inputs that matter."""
    generator = load_generator(tiny_generator)
    strengths = {k: torch.tensor(0.5) for k in generator.state_dict() if k.endswith("noise_strength")}
    generator.load_state_dict({**generator.state_dict(), **strengths})
    path = tmp_path_factory.mktemp("generator") / "noisy.safetensors"
    save_generator(generator, path)
    return path


@pytest.fixture
def jpeg_folder(tmp_path: Path) -> Path:
    """Three JPEG targets of 32 px, of two qualities."""
    folder = tmp_path / "targets"
    folder.mkdir()
    images = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    for name, image, quality in zip("abc", images, (30, 30, 60), strict=True):
        picture = to_picture(image).resize((32, 32), Image.Resampling.BICUBIC)
        picture.save(folder / f"{name}.jpg", quality=quality)
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail("the tests of pages need a browser: install Debian's package chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
