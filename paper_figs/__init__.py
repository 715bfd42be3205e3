"""Figures: each script loads or simulates its data, asserts the figure's claim, draws, and is saved by `build`."""
