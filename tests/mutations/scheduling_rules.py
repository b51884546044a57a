"""
Rules of the default scheduler, each with a way to break it.
"""

from __future__ import annotations

from tests.mutations.rules import Mutation

SCHEDULING_MUTATIONS = (
    Mutation(
        "a toleration lets a pod onto a cordoned node",
        "scheduling/node_unschedulable",
        "if any(tolerates(toleration, _CORDONED) for toleration in pod.tolerations):",
        "if False:",
    ),
    Mutation(
        "NoExecute keeps pods away",
        "scheduling/taint_toleration",
        '_NO_SCHEDULE = ("NoSchedule", "NoExecute")',
        '_NO_SCHEDULE = ("NoSchedule",)',
    ),
    Mutation(
        "a toleration without an effect counts for scores",
        "scheduling/taint_toleration",
        'if each.effect in ("", _PREFER_NO_SCHEDULE)]',
        "if each.effect == _PREFER_NO_SCHEDULE]",
    ),
    Mutation(
        "an invalid term matches nothing",
        "scheduling/node_affinity",
        "[term for term in pod.required_nodes.terms if term_parses(term) and not is_empty(term)]",
        "[term for term in pod.required_nodes.terms if not is_empty(term)]",
    ),
    Mutation(
        "the node selector counts beside the affinity",
        "scheduling/node_affinity",
        "if any(labels.get(key) != value for key, value in selector.items()):",
        "if terms is None and any(labels.get(key) != value for key, value in selector.items()):",
    ),
    Mutation(
        "terms with fields are judged for each node",
        "scheduling/node_affinity",
        "by_name = any(term.fields for term in terms or ())",
        "by_name = False",
    ),
    Mutation(
        "a port of all addresses is in conflict with any",
        "scheduling/node_ports",
        "not addresses.isdisjoint((_ANY_ADDRESS, each.ip))",
        "each.ip in addresses",
    ),
    Mutation(
        "the pod counts among the node's pods",
        "scheduling/node_resources_fit",
        "len(info.pods) >= info.allocatable.pods",
        "len(info.pods) > info.allocatable.pods",
    ),
    Mutation(
        "a device plugin that offers the resource keeps it from DRA",
        "scheduling/node_resources_fit",
        "(delegated and not allocatable)",
        "delegated",
    ),
    Mutation(
        "sidecars run beside later init containers",
        "scheduling/pod_requests",
        "            _add(at_once, sidecars)\n",
        "",
    ),
    Mutation(
        "init containers need the greatest, not the sum",
        "scheduling/pod_requests",
        "peak = _greatest((peak, at_once))",
        "_add(peak, at_once)",
    ),
    Mutation(
        "a refused resize does not count",
        "scheduling/pod_requests",
        "    if not infeasible:\n        states.append(_aggregate",
        "    if True:\n        states.append(_aggregate",
    ),
    Mutation(
        "pod-level requests take over",
        "scheduling/pod_requests",
        "if pod_level and has_pod_level_requests(resources):",
        "if False:",
    ),
    Mutation(
        "amounts are rounded up",
        "scheduling/resource",
        "return -(-nanos // _WHOLE)",
        "return nanos // _WHOLE",
    ),
    Mutation(
        "only qualified names are extended resources",
        "scheduling/resource",
        'if "/" not in name or "kubernetes.io/" in name or name.startswith("requests."):',
        'if "/" not in name or "kubernetes.io/" in name:',
    ),
    Mutation(
        "with pod-level requests only what is missing as a whole has a default",
        "scheduling/node_info",
        "if has_pod_level_requests(resources):",
        "if False:",
    ),
    Mutation(
        "scores of NodeResourcesFit do not look at pod-level requests, to 1.37",
        "scheduling/resource_allocation",
        "status=whole, pod_level=whole,",
        "status=whole, pod_level=True,",
    ),
    Mutation(
        "from 1.38 on they do",
        "scheduling/resource_allocation",
        "status=whole, pod_level=whole,",
        "status=whole, pod_level=False,",
    ),
    Mutation(
        "from 1.38 on they look at the status of the pod",
        "scheduling/resource_allocation",
        "status=whole, pod_level=whole,",
        "status=False, pod_level=whole,",
    ),
    Mutation(
        "a selector without requirements counts no pod for spreading, to 1.37",
        "scheduling/spread_constraints",
        "not (selector.requirements or rules.spread_counts_all)",
        "False",
    ),
    Mutation(
        "from 1.38 on it counts all",
        "scheduling/spread_constraints",
        "not (selector.requirements or rules.spread_counts_all)",
        "not selector.requirements",
    ),
    Mutation(
        "what the pod does not want does not count, unless it is CPU, memory or storage",
        "scheduling/resource_allocation",
        "pair if counts and pair[0] else (0, 0)",
        "pair if pair[0] else (0, 0)",
    ),
    Mutation(
        "a ratio of score 0 does not count",
        "scheduling/scoring_strategy",
        "if not ratio or score > 0:",
        "if True:",
    ),
    Mutation(
        "a ratio is rounded to the nearest",
        "scheduling/scoring_strategy",
        "float(weights) + 0.5) if ratio",
        "float(weights)) if ratio",
    ),
    Mutation(
        "images that are on many nodes count for more",
        "scheduling/image_locality",
        "(nodes.image_nodes[name] / len(nodes.infos))",
        "1.0",
    ),
    Mutation(
        "terminating pods do not count for spreading",
        "scheduling/spread_constraints",
        "if not pod.deleting and selector_matches",
        "if selector_matches",
    ),
    Mutation(
        "too few domains make the least 0",
        "scheduling/pod_topology_spread",
        "if len(domains) >= max(constraint.min_domains, 1) else 0",
        "if domains else 0",
    ),
    Mutation(
        "nodes without all keys do not count",
        "scheduling/pod_topology_spread",
        "for position, info in enumerate(nodes.infos) if has_all_keys(info.node.labels, constraints)",
        "for position, info in enumerate(nodes.infos) if constraints[0].topology_key in info.node.labels",
    ),
    Mutation(
        "the taint policy decides which nodes count",
        "scheduling/spread_constraints",
        "if not constraint.honor_taints:",
        "if True:",
    ),
    Mutation(
        "the values of matchLabelKeys narrow the selector",
        "scheduling/spread_constraints",
        "LabelSelector((*added, *constraint.selector.requirements))",
        "constraint.selector",
    ),
    Mutation(
        "one pod has to meet all required terms",
        "scheduling/inter_pod_affinity",
        "if all(term.matches(other.namespace, other.labels) for term in required):",
        "if any(term.matches(other.namespace, other.labels) for term in required):",
    ),
    Mutation(
        "the first of a group may go anywhere",
        "scheduling/inter_pod_affinity",
        "is_first = not near and",
        "is_first = False and",
    ),
    Mutation(
        "required terms of pods on nodes count for scores",
        "scheduling/inter_pod_affinity",
        "        yield term, HARD_POD_AFFINITY_WEIGHT\n",
        "        yield term, 0\n",
    ),
    Mutation(
        "a term without namespaces means its own",
        "scheduling/affinity_terms",
        "pod.namespace in (term.namespaces or (owner.namespace,))",
        "pod.namespace in (term.namespaces or (pod.namespace,))",
    ),
    Mutation(
        "of a list with an invalid term no term counts",
        "scheduling/affinity_selectors",
        "terms if _valid(terms) else () for terms",
        "tuple(each for each in terms if _valid((each,))) for terms",
    ),
)
