"""
The Kubernetes dialect of CEL, as far as device selectors go.

``compile_selector`` once per expression, then ``Selector.matches`` per device; ``compile_derived`` and
``Derived.attribute`` for expressions that derive an attribute. An answer is what kube-scheduler would
get, or UNKNOWN with a reason.
"""

from .derived import Derived, compile_derived
from .dialect import V1_34, V1_35, V1_36, V1_36_LIST_ATTRIBUTES, V1_37, Dialect, dialect_of
from .expression import Verdict, VerdictKind
from .frame import CelDevice
from .reads import Reads
from .selector import Selector, compile_selector, unsupported_attribute

__all__ = [
    "CelDevice",
    "Derived",
    "V1_34",
    "V1_35",
    "V1_36",
    "V1_36_LIST_ATTRIBUTES",
    "V1_37",
    "Dialect",
    "Reads",
    "Selector",
    "Verdict",
    "VerdictKind",
    "compile_derived",
    "compile_selector",
    "dialect_of",
    "unsupported_attribute",
]
