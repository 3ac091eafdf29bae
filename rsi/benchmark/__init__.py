"""The paper's tables: degrade clean images truly, restore them, measure and report (RSI, section 5)."""
