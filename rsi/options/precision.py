"""The option ``--precision`` of several commands."""

from rsi.numerics.precision import full_name

PRECISION_TEXT = "bf16 for networks with 16 bits"


def precision(value: object) -> str | None:
    """What ``32`` and ``bf16`` stand for, where YAML has it as a number, too; nothing where it is left out."""
    return None if value is None else full_name(value)
