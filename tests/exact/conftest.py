"""Fixtures of the tests of figures."""

from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure


@pytest.fixture
def shown() -> Iterator[Callable[[Figure], Figure]]:
    """Lays a figure out; it is closed at the end."""

    def drawn(figure: Figure) -> Figure:
        figure.canvas.draw()
        return figure

    yield drawn
    plt.close("all")
