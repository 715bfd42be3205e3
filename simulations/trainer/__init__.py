"""Real architectures trained live: every cell of a search space × several seeds, vmapped in JAX.

`spaces` says which cells there are, `networks` what they compute, `data` what they learn, `train` trains them;
`simulations.benchmarks.trained` keeps the results.
It needs JAX and scikit-learn: `pip install 'hillscape[trainer]'`.
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
