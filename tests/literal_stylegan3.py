"""StyleGAN3 in numpy, by the letter: filters designed anew, weights modulated one by one, zeros inserted."""

import numpy as np
import torch

from rsi.generators import Generator
from rsi.generators.stylegan3.settings import StyleGAN3Settings

Numbers = np.ndarray


def random_generator(schedule: StyleGAN3Settings, seed: int = 0) -> Generator:
    """A random generator in which every tensor matters: biases, magnitudes and w_avg, and a pose of its own."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = Generator(schedule.architecture)
        state = generator.state_dict()
        for name, tensor in state.items():
            if name.endswith("magnitude_ema"):
                state[name] = 0.5 + torch.rand([])
            elif name == "synthesis.input.affine.weight" or name.endswith("w_avg"):
                state[name] = 0.3 * torch.randn(tensor.shape)
            elif name.endswith("bias"):
                state[name] = tensor + 0.3 * torch.randn(tensor.shape)
    generator.load_state_dict(state | schedule.filters())
    return generator


class Reference:
    """The images of one generator, for one image's codes, ``[1 or filters, w_dim]`` for each slot."""

    def __init__(self, schedule: StyleGAN3Settings, generator: Generator) -> None:
        self.schedule = schedule
        self.state = {name: tensor.double().numpy() for name, tensor in generator.state_dict().items()}
        self.names = [name.split(".")[1] for name in self.state if name.endswith("magnitude_ema")]

    def band(self, index: int) -> tuple[float, float, int, int]:
        """Cutoff, half width, rate and side of what layer ``index`` writes; those of layer 0 for its input."""
        s, index = self.schedule, max(index, 0)
        e = min(index / (s.num_layers - s.num_critical), 1)
        cutoff = s.first_cutoff * (s.img_resolution / 2 / s.first_cutoff) ** e
        stop = s.first_stopband * (s.img_resolution / 2 * s.last_stopband_rel / s.first_stopband) ** e
        rate = int(2 ** np.ceil(np.log2(min(2 * stop, s.img_resolution))))
        side = s.img_resolution if index >= s.num_layers - 1 else rate + 2 * s.margin_size
        return cutoff, max(stop, rate / 2) - cutoff, rate, side

    def render(self, slots: list[Numbers], motion: Numbers | None = None) -> Numbers:
        """``[3, R, R]`` around [0, 1]."""
        x = self.fourier(slots[0][0], np.eye(3) if motion is None else motion)
        for index in range(self.schedule.num_layers):
            x = self.layer(index, x, slots[index + 1])
        return (self.schedule.output_scale * self.colours(x, slots[-1]) + 1) / 2

    def fourier(self, code: Numbers, motion: Numbers) -> Numbers:
        cutoff, _, rate, side = self.band(0)
        numbers = self.style(code, "input")
        r_c, r_s, t_x, t_y = numbers / np.hypot(numbers[0], numbers[1])
        turn = np.array([[r_c, -r_s, 0], [r_s, r_c, 0], [0, 0, 1]])
        shift = np.array([[1, 0, -t_x], [0, 1, -t_y], [0, 0, 1]])
        matrix = turn @ shift @ self.state["synthesis.input.transform"] @ motion
        features = []
        for freq, phase in zip(self.state["synthesis.input.freqs"], self.state["synthesis.input.phases"], strict=True):
            feature = np.zeros((side, side))
            for row in range(side):
                for column in range(side):
                    p = np.array([(column + 0.5 - side / 2) / rate, (row + 0.5 - side / 2) / rate, 1])
                    feature[row, column] = np.sin(2 * np.pi * (freq @ (matrix @ p)[:2] + phase))
            length = np.linalg.norm(freq @ matrix[:2, :2])
            features.append(feature * np.clip(1 - (length - cutoff) / (rate / 2 - cutoff), 0, 1))
        weight = self.state["synthesis.input.weight"] / np.sqrt(len(features))
        return np.asarray(np.einsum("oc,chw->ohw", weight, features))

    def layer(self, index: int, x: Numbers, codes: Numbers) -> Numbers:
        s, name = self.schedule, self.names[index]
        (cutoff_in, width_in, rate_in, _), (cutoff, width, rate_out, side) = self.band(index - 1), self.band(index)
        rate = max(rate_in, rate_out) * s.lrelu_upsampling
        up, down = rate // rate_in, rate // rate_out
        up_filter = self.kaiser(s.filter_size * up, cutoff_in, width_in, rate)
        is_radial = s.use_radial_filters and index < s.num_layers - s.num_critical
        down_filter = self.design(s.filter_size * down, cutoff, width, rate, is_radial)
        theta = self.state[f"synthesis.{name}.weight"]
        gain = self.state[f"synthesis.{name}.magnitude_ema"] ** -0.5
        kernel, maps = theta.shape[-1], []
        padded = np.pad(x, ((0, 0), *[(kernel - 1, kernel - 1)] * 2))
        for filter_index in range(len(theta)):
            weight = theta[filter_index] * self.style(codes[filter_index % len(codes)], name)[:, None, None]
            weight = weight / np.sqrt((weight**2).sum()) * gain
            bias = self.state[f"synthesis.{name}.bias"][filter_index]
            maps.append(self.correlate(padded, weight) + bias)
        y = np.stack(maps)
        zeros = np.zeros((len(y), up * y.shape[1], up * y.shape[2]))
        zeros[:, ::up, ::up] = y
        total = (side - 1) * down + len(down_filter) + len(up_filter) - 1 - zeros.shape[1]
        before = (total + up) // 2
        u = self.filter(self.pad(zeros, before, total - before), np.outer(up_filter, up_filter) * up**2)
        u = np.where(u > 0, u, 0.2 * u) * np.sqrt(2)
        return self.filter(u if s.conv_clamp is None else np.clip(u, -s.conv_clamp, s.conv_clamp), down_filter)[
            :, ::down, ::down
        ]

    def colours(self, x: Numbers, codes: Numbers) -> Numbers:
        name = self.names[-1]
        theta = self.state[f"synthesis.{name}.weight"][:, :, 0, 0]
        styles = np.stack([self.style(codes[row % len(codes)], name) for row in range(3)])
        weight = theta * styles / np.sqrt(theta.shape[1]) * self.state[f"synthesis.{name}.magnitude_ema"] ** -0.5
        y: Numbers = np.einsum("oi,ihw->ohw", weight, x) + self.state[f"synthesis.{name}.bias"][:, None, None]
        return (
            y if self.schedule.conv_clamp is None else np.clip(y, -self.schedule.conv_clamp, self.schedule.conv_clamp)
        )

    def style(self, code: Numbers, name: str) -> Numbers:
        weight, bias = self.state[f"synthesis.{name}.affine.weight"], self.state[f"synthesis.{name}.affine.bias"]
        return np.asarray(weight @ code / np.sqrt(len(code)) + bias)

    @staticmethod
    def kaiser(taps: int, cutoff: float, half_width: float, rate: float) -> Numbers:
        x = (np.arange(taps) - (taps - 1) / 2) / rate
        taken = np.sinc(2 * cutoff * x) * Reference.window(taps, half_width, rate)
        return np.asarray(taken / taken.sum())

    @staticmethod
    def window(taps: int, half_width: float, rate: float) -> Numbers:
        a = 2.285 * (taps - 1) * np.pi * (2 * half_width / (rate / 2)) + 7.95
        beta = 0.1102 * (a - 8.7) if a > 50 else 0.5842 * (a - 21) ** 0.4 + 0.07886 * (a - 21) if a > 21 else 0
        return np.kaiser(taps, beta)

    @staticmethod
    def design(taps: int, cutoff: float, half_width: float, rate: float, is_radial: bool) -> Numbers:
        if not is_radial:
            taken = Reference.kaiser(taps, cutoff, half_width, rate)
            return np.outer(taken, taken)
        x = (np.arange(taps) - (taps - 1) / 2) / rate
        window = Reference.window(taps, half_width, rate)
        square = np.zeros((taps, taps))
        for row in range(taps):
            for column in range(taps):
                r = np.hypot(x[row], x[column])
                square[row, column] = bessel_j1(2 * np.pi * cutoff * r) / (np.pi * r) * window[row] * window[column]
        return np.asarray(square / square.sum())

    @staticmethod
    def pad(x: Numbers, before: int, behind: int) -> Numbers:
        x = np.pad(x, ((0, 0), *[(max(before, 0), max(behind, 0))] * 2))
        first, last = max(-before, 0), x.shape[1] - max(-behind, 0)
        return x[:, first:last, first:last]

    @staticmethod
    def correlate(x: Numbers, weight: Numbers) -> Numbers:
        windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[1:], axis=(1, 2))
        return np.asarray(np.einsum("ihwkl,ikl->hw", windows, weight, optimize=True))

    @classmethod
    def filter(cls, x: Numbers, taps: Numbers) -> Numbers:
        return np.stack([cls.correlate(channel[None], taps[None, ::-1, ::-1]) for channel in x])


def bessel_j1(x: float) -> float:
    """Bessel's function of the first kind and order 1, by its integral."""
    angles = (np.arange(2000) + 0.5) * np.pi / 2000
    return float(np.cos(angles - x * np.sin(angles)).mean())
