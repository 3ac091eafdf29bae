"""The extras of the package: what some of rsi needs and ``rsi fit`` does not."""

from importlib.util import find_spec

from rsi.errors import InputError

MODULES = {
    "app": ("gradio",),
    "benchmark": ("matplotlib", "torch_fidelity"),
    "ddrm": ("diffusers",),
    "deepinv": ("deepinv",),
    "faces": ("dlib", "face_recognition_models"),
    "heic": ("pillow_heif",),
    "tune": ("optuna",),
    "url": ("aiohttp", "gcsfs", "s3fs"),
}
"""The modules that each extra installs."""


def install_command(extra: str) -> str:
    """What installs an extra."""
    return f"pip install 'rsi[{extra}]'"


def extra_of(module: str) -> str | None:
    """The extra that installs a module, if one does."""
    package = module.partition(".")[0]
    return next((extra for extra, modules in MODULES.items() if package in modules), None)


def check_extra(extra: str, what: str) -> None:
    """Make sure that an extra is installed.

    Args:
        extra: Its name.
        what: What needs it.

    Raises:
        InputError: It is not, or not all of it.
    """
    missing = [module for module in MODULES[extra] if find_spec(module) is None]
    if missing:
        raise InputError(f"{what} needs {' and '.join(missing)}: {install_command(extra)}")
