"""PULSE's schedule of the step size."""

CYCLE = 0.9  # of all steps
LOW, END = 0.1, 0.001


def step_factor(step: int, steps: int) -> float:
    """What the step size is multiplied by at a step, counted from 0 (Menon et al. 2020, released program).

    It rises linearly from 0.1 to 1 over the first 45 % of the steps, falls back to 0.1 over the next 45 % and on to
    0.001 over the rest.
    """
    cycle = CYCLE * steps
    if step < cycle:
        return LOW + (1 - LOW) * (1 - abs(2 * step / cycle - 1))
    return LOW - (LOW - END) * (step - cycle) / (steps - cycle)
