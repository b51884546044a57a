"""
The Kubernetes dialect of CEL, as far as device selectors and derived attributes need it.

``compile_selector`` once per expression, then ``Selector.matches`` per device; ``compile_derived`` and
``DerivedAttribute.value`` for expressions that derive an attribute. An answer is what kube-scheduler would
get, or UNKNOWN with a reason. Knows ``extender.model`` and nothing else of the project.
"""

from .derived import DerivedAttribute, compile_derived
from .dialect import DIALECTS, Dialect, dialect_of
from .evaluation.frame import CelDevice
from .expression import Answer, AnswerKind
from .selector import Selector, compile_selector, unsupported_attribute, version_key
from .syntax.reads import Reads
from .work import OverBudget, Work, unlimited

__all__ = [
    "DIALECTS",
    "CelDevice",
    "DerivedAttribute",
    "Dialect",
    "OverBudget",
    "Reads",
    "Selector",
    "Work",
    "Answer",
    "AnswerKind",
    "compile_derived",
    "compile_selector",
    "dialect_of",
    "unlimited",
    "unsupported_attribute",
    "version_key",
]
