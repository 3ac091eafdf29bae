"""``rsi convert``: turn a generator file of any format into safetensors."""

from collections.abc import Sequence

from rsi.generators import load_generator, save_generator, select_class
from rsi.options.generator_flags import add_generator_flags, apply_generator_flags
from rsi.options.local_path import generator_name, local_path
from rsi.options.network_flags import add_network_flags, apply_network_flags
from rsi.options.parser import CommandParser
from rsi.storage.overwriting import check_no_input, check_single


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser(
        "rsi convert",
        description="Turns a generator into a .safetensors file. Nothing in it is executed.",
    )
    parser.add_argument(
        "input",
        type=generator_name,
        help="a .pkl, .pt, .pth or .safetensors of a StyleGAN2 or StyleGAN3, or a name of rsi generators",
    )
    parser.add_argument("output", type=local_path, help="the .safetensors file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    parser.add_argument(
        "--class_label", metavar="N", help="keep one class of a conditional generator, by number or ImageNet's name"
    )
    add_generator_flags(parser)
    add_network_flags(parser)
    return parser


def main(argv: Sequence[str]) -> int:
    """Read a generator, write it and say what was written.

    Raises:
        InputError: The input is not a generator, or the output exists, is the input or cannot be written.
    """
    arguments = make_parser().parse_args(argv)
    apply_generator_flags(arguments)
    apply_network_flags(arguments)
    check_single(arguments.output, overwrite=arguments.overwrite)
    generator = load_generator(arguments.input)
    check_no_input(arguments.output, generator.info.source)
    if arguments.class_label is not None:
        generator = select_class(generator, arguments.class_label)
    save_generator(generator, arguments.output)
    sizes = generator.architecture
    print(
        f"wrote {arguments.output}: {sizes.kind}, {sizes.resolution.label} px, "
        f"z {sizes.z_dim}, c {sizes.c_dim}, w {sizes.w_dim}, {arguments.output.stat().st_size / 1e6:.1f} MB"
    )
    return 0
