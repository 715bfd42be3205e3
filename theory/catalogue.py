"""Every result of the package: id, status, statement, assumptions, source and the function that computes it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import basins, bounds, classics, denoising, gaussian_walks, hitting, levels, lines, minima, ruggedness, walks

if TYPE_CHECKING:
    import sympy as sp

STATUSES = ("exact", "bound", "approximation", "asymptotic")


@dataclass(frozen=True)
class Result:
    """One result.

    `function` takes vocabulary objects and numbers by the names graph, law, kernel, correlation, noise, degree, loss,
    depth, rule, level, …, and returns a number, an array, or a named tuple whose first field is the value.
    """

    id: str
    status: str
    title: str
    assumptions: str
    source: str
    function: Callable[..., Any]

    @property
    def statement(self) -> sp.Basic:
        """The statement as a SymPy equation or inequality."""
        from . import symbolic, symbolic_noise  # SymPy takes a second to import, and numbers do not need it

        return (symbolic.STATEMENTS | symbolic_noise.STATEMENTS)[self.id]()

    @property
    def latex(self) -> str:
        """The statement in LaTeX."""
        import sympy as sp

        return sp.latex(self.statement)

    def arguments(self) -> dict[str, bool]:
        """Names of the function's arguments, each with whether it must be given."""
        parameters = inspect.signature(self.function).parameters.values()
        return {p.name: p.default is p.empty for p in parameters}

    def predict(self, **given: Any) -> dict[str, Any]:
        """{"value": …} and the other fields of the answer. ValueError names arguments that are missing or not used."""
        takes = self.arguments()
        if missing := [name for name, needed in takes.items() if needed and name not in given]:
            raise ValueError(f"{self.id}: needs {', '.join(missing)}")
        if unused := [name for name in given if name not in takes]:
            raise ValueError(f"{self.id}: does not use {', '.join(unused)}; it takes {', '.join(takes)}")
        answer = self.function(**given)
        if not hasattr(answer, "_asdict"):
            return {"value": answer}
        fields = answer._asdict()
        first = next(iter(fields))
        return {"value": fields.pop(first), **fields}


_ALL = [
    Result(
        "minima.iid", "exact",
        "Mean and variance of the number of local minima, iid losses",
        "M0: losses iid and continuous, any graph; the variance of random regular graphs is asymptotic",
        "Kauffman and Levin 1987 (mean); Baldi, Rinott and Stein 1989 (pairs); G(n,p) derived here",
        minima.iid,
    ),
    Result(
        "minima.branching", "exact",
        "Expected number of local minima from the two densities",
        "M1: neighbours conditionally independent given the centre; approximation where neighbours are adjacent",
        "White, Nolen and Savani 2021, Theorem 5.1",
        minima.branching,
    ),
    Result(
        "minima.gaussian", "exact",
        "Expected number of local minima of a Gaussian field under frozen noise",
        "M2: stationary Gaussian field on a Hamming graph, correlation by distance, r(σ) in [0, 1/2]",
        "derived here; one-factor orthant integrals as in Dunnett and Sobel 1955",
        minima.gaussian,
    ),
    Result(
        "minima.noise_monotone", "bound",
        "Denoising removes local minima",
        "M2 with ρ_1 ≥ ρ_2; lower and upper bound of E#LM(σ)",
        "Slepian 1962, applied here",
        minima.noise_monotone,
    ),
    Result(
        "minima.independence", "bound",
        "No landscape has more local minima than Hoffman's bound",
        "any landscape on a regular graph; upper bound",
        "Hoffman's ratio bound (Haemers 2021)",
        minima.independence,
    ),
    Result(
        "minima.below", "exact",
        "Expected number of local minima below a level of loss",
        "M0, M1 or M2 (with ρ_1² ≤ ρ_2 ≤ ρ_1, level in units of the observed standard deviation)",
        "derived here, by the densities of minima.iid, minima.branching and minima.gaussian",
        levels.below,
    ),
    Result(
        "minima.loss_law", "exact",
        "Law of the loss of a random local minimum",
        "as minima.below; over all minima of all landscapes",
        "derived here",
        levels.loss_law,
    ),
    Result(
        "minima.rmf", "exact",
        "Expected number of local minima of Rough Mount Fuji landscapes",
        "M4: slope times the distance to a reference plus iid losses, Hamming graph of equal radices",
        "Aita et al. 2000; Neidhart, Szendro and Krug 2014; any alphabet here",
        classics.rough_mount_fuji,
    ),
    Result(
        "minima.nk", "approximation",
        "Expected number of local minima of NK landscapes",
        "M4: exact for blocks, k = 0 and k = d−1; else the Gaussian field of the same mean correlation by distance",
        "Perelson and Macken 1995 (block); Campos, Adami and Wilke 2002 (ρ_h)",
        classics.nk,
    ),
    Result(
        "preimage.branching", "exact",
        "Expected number of vertices that reach a vertex of loss x in k steps",
        "M1: branching model, degree s",
        "White, Nolen and Savani 2021, Section 5, conditioned correctly here",
        basins.branching,
    ),
    Result(
        "preimage.published", "approximation",
        "The authors' factorised recursion for preimages, for comparison",
        "M1; uses the centre's kernel where the neighbour's belongs",
        "White, Nolen and Savani 2021, public notebook",
        basins.published,
    ),
    Result(
        "preimage.iid", "exact",
        "Expected preimages, iid losses",
        "M0 on tree-like graphs, losses uniform on [0, 1]",
        "White, Nolen and Savani 2021, uniform case, corrected here",
        basins.iid,
    ),
    Result(
        "preimage.hamming", "approximation",
        "Expected preimages of steepest descent on H(q^d), iid losses, with fresh neighbours",
        "M0 on a Hamming graph of equal radices; exact for k ≤ 2, then rare returns to a coordinate are neglected",
        "derived here",
        basins.hamming,
    ),
    Result(
        "success.epsilon", "exact",
        "Expected share of starts that end within ε of the optimum",
        "M1: branching model; a share of all starts where law and kernel are reversible",
        "White, Nolen and Savani 2021, conditioned correctly here",
        basins.success,
    ),
    Result(
        "success.published", "approximation",
        "Expected share of starts that end within ε of the optimum, as published",
        "M1; the published preimages, without the condition of being a local minimum",
        "White, Nolen and Savani 2021",
        basins.success_published,
    ),
    Result(
        "success.iid", "exact",
        "Share of starts that end at a rank below ε, iid losses",
        "M0 on tree-like graphs",
        "derived here",
        basins.success_iid,
    ),
    Result(
        "walk.iid", "asymptotic",
        "Expected steps and evaluations to a local minimum, iid losses",
        "M0; exact on complete graphs, asymptotic on random regular graphs and cycles, approximation elsewhere",
        "adaptive walks: Macken and Perelson 1989, Orr 2003; fresh-neighbour sequences here",
        walks.iid,
    ),
    Result(
        "walk.law", "asymptotic",
        "Whole law of steps, evaluations and the loss reached, iid losses",
        "as walk.iid",
        "as walk.iid; joint law here",
        walks.law,
    ),
    Result(
        "walk.tree", "exact",
        "Expected steps and evaluations in the branching model",
        "M1 on the tree of degree s",
        "adaptive walks: Macken and Perelson 1989, Orr 2003; neighbour kernels here",
        walks.tree,
    ),
    Result(
        "walk.reluctant", "exact",
        "The reluctant walk takes half the mean degree in steps, on every graph",
        "M0: losses iid and continuous, any graph; smallest improvement, random start",
        "derived here",
        walks.reluctant,
    ),
    Result(
        "walk.gaussian", "approximation",
        "Expected steps of steepest descent on a Gaussian field under frozen noise",
        "M2 with ρ_h = c^h; path integral over the walk's losses, exact in the additive limit and as walk.iid at c → 0",
        "derived here",
        gaussian_walks.steps,
    ),
    Result(
        "walk.gaussian_first", "approximation",
        "Expected steps of steepest descent on a Gaussian field if the walk knew only its loss",
        "M2 with ρ_h = c^h, equal radices; first-order closure, too long in smooth landscapes",
        "derived here",
        gaussian_walks.first_order,
    ),
    Result(
        "restart.wald", "exact",
        "Evaluations of restarted steepest descent until the optimum",
        "M3: a given landscape, uniform starts, distinct evaluations counted afresh each run",
        "Wald 1944",
        hitting.wald,
    ),
    Result(
        "restart.exchangeable", "exact",
        "No algorithm that never repeats an evaluation beats (n+1)/2 on iid losses",
        "M0: any algorithm, until the optimum is evaluated",
        "exchangeability; Wolpert and Macready 1997",
        hitting.exchangeable,
    ),
    Result(
        "chain.descent", "exact",
        "Steps of a noise-free walk to a local minimum, and its chance to end at the optimum",
        "M3: a given landscape, any of the walks of adaptive_walk, uniform start",
        "elementary; one sparse triangular solve",
        hitting.descent,
    ),
    Result(
        "chain.hitting", "exact",
        "Expected steps to the optimum under fresh noise",
        "M3: a given landscape, N(0,σ²) anew at every evaluation, closed neighbourhood re-evaluated each step",
        "derived here; elimination of Grassmann, Taksar and Heyman 1985",
        hitting.hitting,
    ),
    Result(
        "chain.best_noise", "exact",
        "The fresh noise with the shortest expected time to the optimum",
        "as chain.hitting, where a grid of σ resolves the valley",
        "derived here",
        hitting.best_noise,
    ),
    Result(
        "bound.sample_descend", "bound",
        "Sampling, then steepest descent: evaluations to a local minimum of any landscape",
        "any landscape; upper bound, at the best number of samples",
        "Aldous 1983",
        bounds.sample_descend,
    ),
    Result(
        "bound.fitness_levels", "bound",
        "Steps to a local minimum by fitness levels",
        "M3: a noise-free walk that only improves, uniform start; lower and upper bound",
        "Wegener 2002 (upper); Sudholt 2013, Doerr and Kötzing 2022 (lower)",
        bounds.levels,
    ),
    Result(
        "bound.drift", "bound",
        "Steps to the optimum under fresh noise by the drift of the loss",
        "M3: fresh noise, uniform start; additive, multiplicative or variable drift; lower and upper bound",
        "He and Yao 2001; Doerr, Johannsen and Winzen 2012; Johannsen 2010; lower bounds proven here",
        bounds.loss_drift,
    ),
    Result(
        "bound.query", "bound",
        "Queries that any algorithm needs to find a local minimum of the worst landscape on the hypercube",
        "hypercube, d → ∞, constant factors unknown; lower bounds as stated",
        "Aldous 1983; Aaronson 2006; Zhang 2009",
        bounds.query,
    ),
    Result(
        "bound.flip", "bound",
        "Chance that frozen noise changes the set of local minima",
        "any landscape, frozen Gaussian noise; upper bound",
        "union bound, derived here",
        bounds.flip,
    ),
    Result(
        "noise.preserve", "bound",
        "Evaluations of each vertex that keep the set of local minima with probability 1−δ",
        "any landscape, frozen Gaussian noise averaged; so many suffice",
        "union bound, derived here",
        bounds.preserve,
    ),
    Result(
        "walk.additive", "exact",
        "Expected steps of steepest descent on an additive landscape",
        "M4 additive, continuous, Hamming graph",
        "elementary",
        walks.additive,
    ),
    Result(
        "walk.additive_law", "exact",
        "Law of the steps of steepest descent on an additive landscape",
        "M4 additive, continuous, Hamming graph",
        "elementary",
        walks.additive_law,
    ),
    Result(
        "noise.flip", "exact",
        "A comparison goes wrong across a gap",
        "independent Gaussian noise on both sides",
        "elementary",
        denoising.flip,
    ),
    Result(
        "noise.regret", "exact",
        "True loss lost by one step to the observed best",
        "M2, r in [0, 1/2], frozen noise, closed neighbourhood",
        "derived here",
        denoising.step,
    ),
    Result(
        "noise.candidates", "exact",
        "True loss lost by trusting the best of exchangeable candidates",
        "exchangeable Gaussian losses of correlation rho",
        "derived here; selection differential",
        denoising.candidates,
    ),
    Result(
        "noise.minimum", "exact",
        "True and observed loss of a random observed local minimum",
        "M2, over all minima of all landscapes",
        "derived here",
        denoising.minimum,
    ),
    Result(
        "noise.choice", "exact",
        "True loss lost by the observed best of given losses, and two bounds",
        "M3, frozen noise",
        "derived here",
        denoising.choice,
    ),
    Result(
        "noise.descent", "bound",
        "True loss at the end of a noisy descent",
        "any landscape; uniform start, first step steepest, then only improving; upper bound",
        "derived here",
        denoising.descent,
    ),
    Result(
        "noise.limit", "bound",
        "No search under noise ends at a lower true loss",
        "M2, choices depend on observed losses only; lower bound",
        "derived here; maximal inequality",
        denoising.limit,
    ),
    Result(
        "noise.budget", "exact",
        "How many seeds to average for a given total of trainings",
        "iid N(0,1) candidates, B/k of them with k seeds each",
        "derived here; selection as in Robertson 1957",
        denoising.budget,
    ),
    Result(
        "noise.denoise", "exact",
        "The least seeds that keep the local minima within a factor of noiseless",
        "M2 with ρ_1 ≥ ρ_2",
        "derived here (Slepian)",
        denoising.denoise,
    ),
    Result(
        "autocorrelation.walk", "exact",
        "Autocorrelation of the losses along a random walk",
        "M2, or a table of equal radices with its own ρ_h",
        "Weinberger 1990; Stadler 1996",
        ruggedness.autocorrelation,
    ),
    Result(
        "ruggedness.spectrum", "exact",
        "Amplitude spectrum: shares of variance by order of interaction",
        "any table on a Hamming graph",
        "Stadler 1996; Hordijk and Stadler 1998",
        ruggedness.amplitudes,
    ),
    Result(
        "ruggedness.length", "exact",
        "Correlation length of a random walk",
        "any table on a Hamming graph",
        "Stadler 1996",
        ruggedness.correlation_length,
    ),
    Result(
        "ruggedness.coordinate", "exact",
        "Correlation across each coordinate",
        "any table on a Hamming graph",
        "Efron and Stein 1981 (decomposition)",
        ruggedness.correlation_by_coordinate,
    ),
    Result(
        "ruggedness.estimate", "asymptotic",
        "ρ_h, σ and r of a table with seeds, with standard errors",
        "noise independent between seeds and vertices",
        "derived here",
        ruggedness.estimate,
    ),
    Result(
        "minima.lines", "approximation",
        "Expected number of local minima from independent lines",
        "M2; exact for product kernels without noise",
        "derived here",
        lines.gaussian,
    ),
    Result(
        "minima.planes", "approximation",
        "Number of local minima of a table from its best-of-line indicators",
        "any table; order 1 takes lines as independent given the rank",
        "derived here; maximum entropy (Jaynes 1957)",
        lines.table,
    ),
]  # fmt: skip

RESULTS: dict[str, Result] = {result.id: result for result in _ALL}


def result(name: str) -> Result:
    """The result of an id; ValueError lists the ids where there is none."""
    if name not in RESULTS:
        raise ValueError(f"id: {name!r} is unknown; allowed: {', '.join(RESULTS)}")
    return RESULTS[name]


def document(results: list[Result]) -> str:
    """A compilable LaTeX document of the results, each with id, status, statement, assumptions and source."""
    head = "\\documentclass{article}\n\\usepackage{amsmath,amssymb,breqn}\n\\begin{document}"
    parts = [
        f"\\subsection*{{\\texttt{{{_words(r.id)}}} ({r.status})}}\n{_words(r.title)}.\n"
        f"\\begin{{dmath*}} {r.latex} \\end{{dmath*}}\n"
        f"\\emph{{Assumptions.}} {_words(r.assumptions)}. \\emph{{Source.}} {_words(r.source)}."
        for r in results
    ]
    return "\n\n".join([head, *parts, "\\end{document}"])


_LETTERS = {"ρ": r"\rho", "σ": r"\sigma", "ε": r"\varepsilon", "θ": r"\theta", "ℓ": r"\ell"}
_SIGNS = {
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "#": r"\#",
    "%": r"\%",
    "−": "$-$",
    "^": r"\^{}",
    "_": r"\_",
    "δ": r"$\delta$",
    "→": r"$\to$",
    "∞": r"$\infty$",
    "ö": r"\"o",
    "Δ": r"$\Delta$",
}


def _words(text: str) -> str:
    """Words in LaTeX: Greek letters with their index and square, and the signs that titles and assumptions use."""

    def letter(found: re.Match[str]) -> str:
        return f"${_LETTERS[found[1]]}{found[2] or ''}{'^2' if found[3] else ''}$"

    pieces = re.split(r"(\$[^$]*\$)", re.sub(r"([ρσεθℓ])(_\w)?(²)?", letter, text))
    plain = str.maketrans(_SIGNS)
    return "".join(piece if piece.startswith("$") else piece.translate(plain) for piece in pieces)
