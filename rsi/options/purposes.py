"""What the everyday options of ``rsi fit`` are for: their groups, in the order in which its help has them."""

WHAT = "what to restore"
HOW_DEGRADED = "what happened to the images"
BY_WHAT = "with which generator"
WHERE = "where to, and what is told"
HOW_FAST = "how fast"

PURPOSES = (WHAT, HOW_DEGRADED, BY_WHAT, WHERE, HOW_FAST)
