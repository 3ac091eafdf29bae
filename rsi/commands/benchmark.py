"""``rsi benchmark``: degrade clean images, restore them and print the paper's tables."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import torch

from rsi.benchmark.blind import run_blind
from rsi.benchmark.clean import CleanImages
from rsi.benchmark.entries import entries_of, published_entries
from rsi.benchmark.grid import Grid, run_grid
from rsi.benchmark.judges import Judges, choose_judges
from rsi.benchmark.measurement import Measurer
from rsi.benchmark.methods import Method, select_methods
from rsi.benchmark.output_folder import RECORD, check_output
from rsi.benchmark.patch_fid import PatchFID, crop_plan
from rsi.benchmark.plots import plot_levels, write_sheets
from rsi.benchmark.tables import Conditions, write_tables
from rsi.benchmark.tasks import select_tasks
from rsi.benchmark.tuning import tune
from rsi.data.listing import Listing
from rsi.errors import InputError
from rsi.estimation.networks import network_of
from rsi.generators import load_generator
from rsi.imports.extras import check_extra
from rsi.log import is_quiet, set_verbosity
from rsi.numerics.precision import PRECISIONS
from rsi.options.fit import quieten
from rsi.options.generator_flags import add_generator_flags, apply_generator_flags
from rsi.options.network_flags import add_network_flags, apply_network_flags
from rsi.options.parser import CommandParser
from rsi.options.precision import PRECISION_TEXT, precision
from rsi.options.text import check_home, path


def main(argv: Sequence[str]) -> int:
    """Run the benchmark; returns 1 if some image could not be restored.

    Raises:
        InputError: An option, a method or the output folder cannot be used.
    """
    quieten()
    arguments = make_parser().parse_args(argv)
    set_verbosity(quiet=arguments.quiet, verbose=arguments.verbose)
    apply_generator_flags(arguments)
    apply_network_flags(arguments)
    if arguments.tune:
        check_extra("tune", "--tune")
    _check_homes(arguments)
    if arguments.blind:
        return _blind(arguments)
    grid = _grid(arguments)
    judges = choose_judges(grid.perceptual, arguments.inception)
    folders = [f"{method.name}{kind}" for method in grid.methods for kind in ("", "_trials", "_tuned")]
    check_output(grid.output, grid.clean.folder, folders)
    grid.clean.claim(grid.output / RECORD)
    conditions = _conditions(grid, judges)
    report = partial(
        write_tables,
        grid.output,
        tasks=grid.tasks,
        conditions=conditions,
        against_paper=bool(arguments.against),
    )
    if arguments.tune:
        return _tune(grid, arguments.trials, _measurer(grid, judges, conditions))
    measurements = run_grid(grid, _measurer(grid, judges, conditions), report)
    published = published_entries(grid.tasks) if arguments.against else []
    plot_levels(grid.output / "plots" / "levels.png", [*entries_of(measurements, grid.tasks), *published])
    write_sheets(grid, grid.output / "plots")
    if not is_quiet():
        print(f"{(grid.output / 'table.md').read_text()}\nwritten to {grid.output}")
    whole = all(len(found.images) == len(grid.clean.stems) for found in measurements)
    return 0 if whole and len(measurements) == len(grid.runs) else 1


def _blind(arguments: argparse.Namespace) -> int:
    listing = Listing(arguments.clean_dir, [arguments.output_dir])
    listing.check()
    paths = [arguments.clean_dir / image.file for image in islice(listing.listed(), arguments.limit)]
    table = run_blind(paths, arguments.output_dir, partial(network_of, arguments.generator))
    if not is_quiet():
        print(f"{table}\nwritten to {arguments.output_dir}")
    return 0


def _check_homes(arguments: argparse.Namespace) -> None:
    for option in ("clean_dir", "output_dir", "generator", "perceptual", "inception"):
        check_home(f"--{option}", getattr(arguments, option))
    for method in (arguments.tune or arguments.methods).split(","):
        check_home("--methods", method)


def _tune(grid: Grid, trials: int, measurer: Measurer) -> int:
    recipes = tune(grid, trials, measurer)
    if not is_quiet():
        print((recipes / "tuning.md").read_text())
        print(f"the best recipes are in {recipes}: compare them with rsi benchmark --methods rsi,{recipes}")
    return 0


def _grid(arguments: argparse.Namespace) -> Grid:
    generator = load_generator(arguments.generator)
    grid = Grid(
        tasks=select_tasks(arguments.tasks),
        methods=_methods(arguments),
        clean=CleanImages(arguments.clean_dir, generator.resolution, arguments.limit, [arguments.output_dir]),
        output=arguments.output_dir,
        generator=arguments.generator,
        perceptual=arguments.perceptual or ("embedded" if generator.info.embedded else "lpips-vgg"),
        batch_size=arguments.batch_size,
        precision=arguments.precision,
    )
    if not grid.runs:
        raise InputError(f"no method of {arguments.methods} is for any task of {arguments.tasks}: choose others")
    return grid


def _methods(arguments: argparse.Namespace) -> tuple[Method, ...]:
    methods = select_methods(arguments.tune or arguments.methods)
    if arguments.tune and len(methods) > 1:
        raise InputError(f"--tune {arguments.tune}: give one method at a time")
    return methods


def _measurer(grid: Grid, judges: Judges, conditions: Conditions) -> Measurer:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    patch_fid = PatchFID(judges.features, device)
    return Measurer(grid.clean, judges.distance.to(device), patch_fid, [conditions.judge, conditions.features])


def _conditions(grid: Grid, judges: Judges) -> Conditions:
    crops, side = crop_plan(grid.clean.resolution)
    return Conditions(
        generator=f"{Path(grid.generator).name} at {grid.clean.resolution.label} px",
        images=f"{len(grid.clean.stems)} images of {grid.clean.folder.resolve().name}",
        judge=judges.distance_name,
        perceptual=grid.perceptual,
        features=f"{judges.features_name} of {crops} crops of {side} px per image",
    )


def _folder(text: str) -> Path:
    return Path(path(text))


def _paths(text: str) -> str:
    return ",".join(map(path, text.split(",")))


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser(
        "rsi benchmark",
        description="Degrades clean images, restores them with one or several methods, measures and writes the paper's "
        "tables, plots and pictures. Started again, it goes on where it was.",
    )
    _add_tasks(parser.add_argument)
    _add_settings(parser.add_argument)
    add_generator_flags(parser)
    add_network_flags(parser)
    return parser


def _add_tasks(add: Callable[..., object]) -> None:
    """Options that say what is restored, by what."""
    add(
        "--clean_dir",
        type=_folder,
        metavar="PATH",
        required=True,
        help="folder of clean images, as large as the generator's",
    )
    add(
        "--output_dir",
        type=_folder,
        metavar="PATH",
        required=True,
        help="folder for targets, results, tables and plots",
    )
    add(
        "--tasks",
        metavar="NAMES",
        default="all",
        help="all, single, composed, ddrm, further, NAME or NAME:LEVEL, joined with commas",
    )
    add(
        "--methods",
        type=_paths,
        metavar="NAMES",
        default="rsi",
        help="rsi, pulse, lbrgm, ddrm, recipes such as w_only, YAML files or classes such as my_module.MyMethod, "
        "joined with commas",
    )
    add("--tune", type=path, metavar="METHOD", help="search this baseline's hyper-parameters for every task instead")
    add("--trials", type=int, default=20, help="settings that --tune tries for every task")
    add("--blind", action="store_true", help="damage the images, of any size, and tell how well that is found out")


def _add_settings(add: Callable[..., object]) -> None:
    """Options that say how."""
    add("--limit", type=int, help="how many of the images are used")
    add("--generator", type=path, metavar="NAME|PATH", default="avatars128", help="a name of rsi generators, or a file")
    add(
        "--perceptual",
        type=path,
        metavar="NAME|PATH",
        help="what methods minimise: lpips-vgg, the path of its VGG16 file, or embedded; left out, the generator's own",
    )
    add("--batch_size", type=int, default=8, help="images restored at once")
    add("--precision", type=precision, choices=PRECISIONS, default="32", metavar="NAME", help=PRECISION_TEXT)
    add("--against", choices=["paper"], help="put the published numbers beside ours")
    add(
        "--inception",
        type=path,
        help="Inception's weights for pFID, on drawings or where torch's cache has none: a path, or download",
    )
    add("-v", "--verbose", action="store_true", help="tell the loss and time of every image, too")
    add("--quiet", action="store_true", help="tell errors alone")
