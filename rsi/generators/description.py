"""A generator in words."""

from rsi.generators.generator import Generator
from rsi.generators.lr_scale import FFHQ_W_RMS, measured_scale


def describe_generator(generator: Generator) -> dict[str, str]:
    """Architecture, statistics and origin of a generator, by what a person calls them."""
    info, sizes = generator.info, generator.architecture
    scale = measured_scale(generator)
    recommended = f"{scale} (measured)" if info.lr_scale is None else f"{info.lr_scale} (stated; {scale} measured)"
    return {
        "name": info.name,
        "licence": info.license,
        "architecture": f"{sizes.kind}, RGB",
        "resolution": f"{sizes.resolution.label} px",
        "z_dim, w_dim": f"{sizes.z_dim}, {sizes.w_dim}",
        "mapping": f"{sizes.mapping_layers} layers",
        "classes": f"{sizes.c_dim}: give --class_label 0 to {sizes.c_dim - 1}" if sizes.c_dim else "none",
        "num_ws": f"{sizes.num_ws} style slots, {sum(sizes.filters)} codes in W++",
        **sizes.describe(),
        **generator.synthesis.describe(),
        "w_rms": f"{scale * FFHQ_W_RMS:.4g}, from w_avg (FFHQ: {FFHQ_W_RMS})",
        "lr_scale": recommended,
    }
