"""Real architectures trained live: every cell of a search space × several seeds, vmapped in JAX.

`spaces` says which cells there are, `data` what they learn, `train` trains them; `simulations.benchmarks.trained` keeps
the results.
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
from simulations.trainer.data import Data, digits
from simulations.trainer.spaces import OPERATIONS, SPACES, Operation, Space
from simulations.trainer.train import Hyperparameters, forward, init, loss, train

del _jax, _sklearn

__all__ = [
    "METRICS",
    "OPERATIONS",
    "SPACES",
    "Data",
    "Hyperparameters",
    "Operation",
    "Space",
    "Table",
    "digits",
    "forward",
    "init",
    "load",
    "loss",
    "train",
]
