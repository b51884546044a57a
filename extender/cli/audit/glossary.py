"""The words of an audit's page, explained to readers who do not know DRA."""

from __future__ import annotations

from ..explain.table import DISTANCE_WORDS

GLOSSARY = tuple(
    {
        "DRA": "Dynamic Resource Allocation: the part of Kubernetes that gives devices to pods.",
        "ResourceSlice": "The list in which a driver publishes a node's devices and what it knows.",
        "ResourceClaim": "What a pod asks for: so many devices of a class. The scheduler takes the first "
        "that fit and writes them into the claim.",
        "PCIe root": "The port of a CPU below which devices hang. Two devices below one root reach each "
        "other without passing a CPU.",
        "NUMA node": "A part of the machine with its own memory and CPUs; what is on another part is farther "
        "away.",
        "Socket": "One physical CPU with one or more NUMA nodes. From socket to socket is the longest way.",
        "Pair": "Two devices that a pod uses together: each GPU with a network card, each with a CPU, and "
        "devices of one kind in a chain.",
        "Has": "The share of the best throughput that the distances of a pod's pairs leave, on average. An "
        "estimate from published measurements.",
        "Could have": "The largest share that the pod could have: on its node if nothing else ran there, or "
        "with other devices that are free now.",
        "Losing": "'Could have' is more than 'has'. A pod's devices at an unknown distance count as near.",
        "Avoidable": "This pod could have nearer devices now, if it alone moved: on another node, or on its "
        "own node if the claim asks for them, and the default scheduler accepts it there.",
        "Unknown": "No driver publishes enough about where the devices are, so the pod cannot be judged. "
        "Newer drivers often publish more.",
    }.items()
)
"""Pairs of a word and what it means, in the order in which a reader meets them."""

DISTANCES = tuple((distance, text) for distance, text in DISTANCE_WORDS.items())
"""Pairs of a distance and what it says of two devices, nearest first."""
