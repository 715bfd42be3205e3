"""Real architectures trained live: every cell of a search space × several seeds, vmapped in JAX.

`spaces` says which cells there are, `networks` what they compute, `data` what they learn, `train` trains them;
`simulations.benchmarks.trained` keeps the results.
It needs JAX and scikit-learn: `pip install 'hillscape[trainer]'`.

A space of one's own is pure functions (x, z) → y on the edges of a directed acyclic graph, see `Vector`; data of one's
own is an `.npz` of samples and labels, `from_file("mine.npz")` in place of `digits()`:

>>> import jax.numpy as jnp
>>> mine = OPERATIONS | {"sine": lambda x, z: jnp.sin(z), "gate": lambda x, z: x * jnp.tanh(z)}
>>> space = Space("gates", ((0, 1), (1, 2)), (("skip", "sine", "gate"),) * 2, Vector(mine))
>>> table = train(space, digits(), Hyperparameters(epochs=1), [0, 1], progress=False)
>>> table.valid_loss.shape, table.header["name"]
((9, 2), 'gates/digits-0')

With `out="gates.npz"` it is kept, and `hillscape check gates.npz` compares it with theory. Random streams and headers
know an operation by its name: another function needs another name.
"""

try:
    import jax as _jax
    import sklearn as _sklearn
except ImportError as error:
    raise ImportError(
        "simulations.trainer needs JAX and scikit-learn; install them with: pip install 'hillscape[trainer]'"
    ) from error

from simulations.benchmarks.trained import METRICS, Table, load
from simulations.trainer.data import Data, digits, from_file, mnist
from simulations.trainer.networks import KERNELS, OPERATIONS, PRECISIONS, Image, Kernel, Network, Operation, Vector
from simulations.trainer.spaces import SPACES, Space
from simulations.trainer.train import Hyperparameters, loss, train

del _jax, _sklearn

__all__ = [
    "KERNELS",
    "METRICS",
    "OPERATIONS",
    "PRECISIONS",
    "SPACES",
    "Data",
    "Hyperparameters",
    "Image",
    "Kernel",
    "Network",
    "Operation",
    "Space",
    "Table",
    "Vector",
    "digits",
    "from_file",
    "load",
    "loss",
    "mnist",
    "train",
]
