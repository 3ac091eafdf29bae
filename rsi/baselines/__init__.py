"""The methods that restorations are compared with."""
