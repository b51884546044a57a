"""
The bodies of kube-scheduler's extender protocol and of admission webhooks, as bytes and as values.

Keys are capitalised exactly as the scheduler spells them: the Go structs carry
no JSON tags. Decoding raises ``BadRequest`` naming the field at fault; encoding
never fails. Pure: no aiohttp, no metrics, no logging.

Source: k8s.io/kube-scheduler extender/v1/types.go, v0.34 to v0.37.
"""

from .admission import AdmissionRequest, MetadataJSON, PodReview, allowed, decode_review
from .answers import (
    bind_result,
    equal_scores,
    filter_result,
    host_priorities,
    host_priority,
    prioritize_result,
)
from .args import ArgsDecoder, ExtenderArgs
from .bad_request import BadRequest, BodyTooLarge, shortened
from .binding import BindingArgs, decode_binding
from .preemption import meta_victims

__all__ = [
    "AdmissionRequest",
    "ArgsDecoder",
    "BadRequest",
    "BindingArgs",
    "BodyTooLarge",
    "ExtenderArgs",
    "MetadataJSON",
    "PodReview",
    "allowed",
    "bind_result",
    "decode_binding",
    "decode_review",
    "equal_scores",
    "filter_result",
    "host_priorities",
    "host_priority",
    "meta_victims",
    "prioritize_result",
    "shortened",
]
