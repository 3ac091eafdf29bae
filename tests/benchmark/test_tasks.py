import pytest

from rsi.benchmark.tasks import all_tasks, select_tasks
from rsi.degradations import parse_degradation
from rsi.errors import InputError


def ids(wanted: str) -> list[str]:
    return [task.id for task in select_tasks(wanted)]


def test_the_tables_of_the_paper() -> None:
    assert [len(select_tasks(group)) for group in ("single", "composed", "ddrm", "all")] == [20, 11, 6, 37]
    assert len({task.id for task in all_tasks()}) == 37


def test_tasks_that_are_not_the_papers_are_named() -> None:
    assert len(select_tasks("further")) == 4 * 5 + 6
    assert ids("fading,BLUR:s") == ["blur-S", "fading-M"]
    assert not {task.id for task in select_tasks("further")} & {task.id for task in all_tasks()}


def test_selection_keeps_the_order_of_the_tables() -> None:
    assert ids("UNAP,denoising:xl,upsampling:M") == ["upsampling-M", "denoising-XL", "UNAP-M"]
    assert ids("inpainting") == [f"inpainting-{level}" for level in ("XS", "S", "M", "L", "XL")]
    assert ids("ddrm,uncropping") == ids("ddrm")


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("upsampling:XL", "upsample:factor=32"),
        ("denoising:XS", "noise:k_p=96,k_b=0.04"),
        ("deartifacting:L", "jpeg"),
        ("UNAP", "upsample:factor=8+noise:k_p=24,k_b=0.16+jpeg:quality=12+inpaint"),
        ("UNA", "upsample:factor=8+noise:k_p=24,k_b=0.16+jpeg"),
        ("uncropping", "inpaint"),
        ("blur:M", "blur:sigma=2"),
        ("resized:M", "resized:factor=8"),
        ("fade:M", "fade:contrast=0.6,black=0.2"),
        ("fading", "fade"),
        ("toning", "sepia"),
    ],
)
def test_what_a_method_is_told(task: str, told: str) -> None:
    (found,) = select_tasks(task)
    assert found.degradation == told
    parse_degradation(found.degradation)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("haze", 'there is no task "haze": use all, single, composed, ddrm, further, or some of upsampling, denoising'),
        ("", 'there is no task ""'),
        ("denoising:XXL", 'denoising has no level "XXL": use XS, S, M, L, XL'),
        ("UNAP:S", 'UNAP has no level "S": use M'),
        ("single,NAU", 'there is no task "NAU"'),
    ],
)
def test_unknown_tasks(wanted: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        select_tasks(wanted)
    assert str(caught.value).startswith(message)
