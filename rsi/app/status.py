"""What the page says of a run, as HTML."""

from html import escape

from rsi.app.run import Failed, Restored, Step

BEGIN = "Drop a photograph to begin."


def said(text: str, *, failed: bool = False) -> str:
    """A line; one that failed is announced at once."""
    role = "alert" if failed else "status"
    return f'<p role="{role}" class="{"failed" if failed else "said"}">{escape(text)}</p>'


def outcome(end: Restored | Failed) -> str:
    """What has become of a photograph."""
    name = end.job.opened.path.name
    return said(f"{name}: {end.reason}", failed=True) if isinstance(end, Failed) else said(f"{name} is restored.")


def progress(step: Step) -> str:
    """How far a run is and how long it still takes, with a bar."""
    left = "" if step.left is None else f", {_time(step.left)} left"
    which = f"{step.number} of {step.of}: " if step.of > 1 else ""
    text = f"{which}{step.space}, step {step.step} of {step.steps}{left}"
    bar = f'<progress max="{step.steps}" value="{step.step}" aria-label="Steps"></progress>'
    return f'<p class="said">{escape(text)}</p>{bar}'


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
