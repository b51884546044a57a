"""
What is remembered of one set of claims: the predictions, and what worths make of them.

See ``memo`` for why none of it is ever stale.
"""

from __future__ import annotations

from extender.cel import OverBudget, Work
from extender.model import ClaimSpec

from ..alignment.pairs import Alignment
from ..alignment.worths import Worths
from ..allocator.budget import PIECE_UNITS, Budget, TurnOver
from ..allocator.layout import LayoutUsage
from ..allocator.projection import Projector
from ..allocator.solutions import Best
from ..claims.askers import askers_of
from ..claims.compiled_claims import CompiledClaims, InvalidClaims, compile_claims
from ..claims.preferences import preferring
from ..cluster.free_pairs import Pairable
from ..cluster.snapshot import Snapshot
from ..reasons import Outcome, ReasonCode, reason
from ..releases.release import Release
from ..topology.vocabulary import Vocabulary
from .fragmentation import Fragmentation
from .pod_alignment import Placed
from .predict import Prediction, without_devices

# Per set of compiled claims; far more than a fleet has distinct nodes. Past it the memo starts afresh.
_MAX_PREDICTIONS = 50_000

# Layout number, usage, and the devices that the pod holds already.
PredictionKey = tuple[int, LayoutUsage, tuple[tuple[Placed | None, ...], ...]]

# The prediction, the identity of the NodeLayout that it is for, and the node's free units.
FragmentationKey = tuple[Prediction, int, Pairable, int]


class ClaimsMemo:
    """
    Compiled claims and their predictions. ``steps``: what all of them took. ``preferring``: the
    requests with an order of preference. ``askers``: by alternative, see ``claims.askers``.

    ``fragmentations``: what predicted devices leave; the projector keeps alive what the
    identities in the keys are of.
    """

    __slots__ = (
        "_predicted_units",
        "askers",
        "compiled",
        "compiled_units",
        "fragmentations",
        "predictions",
        "preferring",
        "projector",
        "release",
        "steps",
    )

    def __init__(
        self, compiled: CompiledClaims, release: Release, vocabulary: Vocabulary, units: int = 0
    ) -> None:
        self.compiled = compiled
        self.compiled_units = units
        self.release = release
        self.projector = Projector(compiled, release)
        self.askers = _askers(compiled, vocabulary)
        self.preferring = preferring(claim.spec for claim in compiled.claims)
        self.predictions: dict[PredictionKey, Prediction] = {}
        self.fragmentations: dict[FragmentationKey, Fragmentation] = {}
        self.steps = 0
        self._predicted_units = 0

    @property
    def size(self) -> int:
        """How much is remembered: slices, types, layouts, predictions and what these leave."""
        return self.projector.size + len(self.predictions) + len(self.fragmentations)

    @property
    def units(self) -> int:
        """An upper bound of the units that the answers of any set of nodes are charged."""
        return self.compiled_units + self.projector.units + self._predicted_units

    def remember(self, key: PredictionKey, prediction: Prediction) -> None:
        if len(self.predictions) >= _MAX_PREDICTIONS:
            self.predictions.clear()
            self.fragmentations.clear()
            self.steps = self._predicted_units = 0
        self.predictions[key] = prediction
        self.steps += prediction.steps
        self._predicted_units += prediction.units

    def remember_fragmentation(self, key: FragmentationKey, found: Fragmentation) -> None:
        if len(self.fragmentations) >= _MAX_PREDICTIONS:
            self.fragmentations.clear()
        self.fragmentations[key] = found


ClaimsMemos = dict[tuple[ClaimSpec, ...], ClaimsMemo | Prediction]
"""
Memos by the claims to allocate, which differ between nodes only for extended resources; a
prediction where the claims are refused without a search. Good for one lineage, release and
mapping of classes, and for one limit of steps per search.
"""


def memo_of(
    specs: tuple[ClaimSpec, ...], snapshot: Snapshot, memos: ClaimsMemos, budget: Budget
) -> ClaimsMemo | Prediction:
    """
    The memo of some claims, compiled where that was not done before; fills in ``memos``.

    A prediction where they are refused, or where the budget does not suffice. Raises ``TurnOver``.
    """
    if specs not in memos and budget.units_left <= 0:
        return beyond(budget)
    memo = compiled_memo(specs, snapshot, memos, budget)
    units = _compiled_units(memo)
    return memo if budget.pay(memo, units) else beyond(budget)


def compiled_memo(
    specs: tuple[ClaimSpec, ...], snapshot: Snapshot, memos: ClaimsMemos, budget: Budget
) -> ClaimsMemo | Prediction:
    """The same before anything is charged: of what no answer depends on. Raises ``TurnOver``."""
    memo = memos.get(specs)
    if memo is None:
        memo = memos.setdefault(specs, _compiled(specs, snapshot, budget))
        budget.work(_compiled_units(memo))
    return memo


def beyond(budget: Budget) -> Prediction:
    """What is said of a node where the units of the budget do not suffice."""
    return without_devices(Outcome.UNKNOWN, reason(ReasonCode.REQUEST_WORK, units=budget.units))


class Ratings:
    """
    What ``worths`` make of predictions: by prediction the alignment of its devices, and by memo
    and key the best alignment there is, where somebody asked for it.
    """

    __slots__ = ("alignments", "bests", "worths")

    def __init__(self, worths: Worths) -> None:
        self.worths = worths
        self.alignments: dict[Prediction, Alignment] = {}
        self.bests: dict[tuple[ClaimsMemo, PredictionKey], Best] = {}

    def remember_alignment(self, prediction: Prediction, alignment: Alignment) -> None:
        if len(self.alignments) >= _MAX_PREDICTIONS:
            self.alignments.clear()
        self.alignments[prediction] = alignment

    def remember_best(self, key: tuple[ClaimsMemo, PredictionKey], best: Best) -> None:
        if len(self.bests) >= _MAX_PREDICTIONS:
            self.bests.clear()
        self.bests[key] = best


def _compiled(specs: tuple[ClaimSpec, ...], snapshot: Snapshot, budget: Budget) -> ClaimsMemo | Prediction:
    work = Work(budget.at_once(PIECE_UNITS))
    try:
        compiled = compile_claims(specs, snapshot.classes, snapshot.release, work)
        made: ClaimsMemo | Prediction = ClaimsMemo(
            compiled, snapshot.release, snapshot.vocabulary, work.spent
        )
    except InvalidClaims as invalid:
        outcome = Outcome.UNSCHEDULABLE if invalid.quiet else Outcome.ERROR
        made = without_devices(outcome, invalid.reason, units=work.spent)
    except OverBudget:
        if work.limit < PIECE_UNITS:
            raise TurnOver from None
        detail = f"claims that take more than {PIECE_UNITS} units of work to compile"
        why = reason(ReasonCode.NOT_MODELLED, detail=detail)
        made = without_devices(Outcome.UNKNOWN, why, units=work.spent)
    return made


def _compiled_units(memo: ClaimsMemo | Prediction) -> int:
    return memo.units if isinstance(memo, Prediction) else memo.compiled_units


def _askers(compiled: CompiledClaims, vocabulary: Vocabulary) -> tuple[int, ...]:
    """A number for each alternative, equal for those that may share a card."""
    of_claims = [askers_of(claim.spec, vocabulary) for claim in compiled.claims]
    numbers: dict[tuple[int, str], int] = {}
    return tuple(
        numbers.setdefault(
            (alternative.claim, of_claims[alternative.claim][alternative.base_name]), len(numbers)
        )
        for alternative in compiled.alternatives
    )
