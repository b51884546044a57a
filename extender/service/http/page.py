"""The page at ``/``: one self-contained HTML document for whoever opens the port in a browser."""

from __future__ import annotations

from html import escape

from extender import __version__

from .dependencies import Service, snapshot_objects

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.2rem}
table{border-collapse:collapse;margin:1rem 0;width:100%}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884;vertical-align:top}
td.number{text-align:right;font-variant-numeric:tabular-nums}
pre,code{font:.9em ui-monospace,monospace}
pre{overflow:auto;padding:.8rem;border:1px solid #8884;border-radius:4px}
"""

_ENDPOINTS = (
    ("POST /filter", "passes every node, except where the pod requires alignment"),
    ("POST /prioritize", "scores nodes by how near the predicted devices are to each other"),
    ("POST /bind, /preempt", "the rest of the extender protocol"),
    ("POST /explain", "same body as filter: the predicted devices, pairs and reasons per node"),
    ("POST /mutate", "admission webhook: rewrites claims that ask for soft alignment"),
    ("POST /route", "admission webhook: sends pods that claim devices to another scheduler"),
    ('<a href="readyz?verbose">GET /readyz?verbose</a>', "ready for requests, and why not"),
    ('<a href="livez">GET /livez</a>', "alive"),
    ('<a href="metrics">GET /metrics</a>', "Prometheus metrics"),
)

_EXAMPLE = """curl -s -X POST -H 'Content-Type: application/json' -d @- ADDRESS/explain <<'EOF'
{"Pod": {"metadata": {"name": "job-1", "namespace": "default"},
         "spec": {"resourceClaims": [{"name": "devices", "resourceClaimName": "job-1-devices"}]}},
 "NodeNames": ["node-a", "node-b"]}
EOF"""


def page(service: Service) -> str:
    """Render the page with the state of ``service`` at this moment."""
    snapshot = service.store.current
    state = "ready" if service.ready else "not ready"
    counts = "".join(
        f'<tr><td>{escape(kind)}</td><td class="number">{count:,}</td></tr>'
        for kind, count in snapshot_objects(snapshot).items()
    )
    endpoints = "".join(f"<tr><td>{what}</td><td>{escape(does)}</td></tr>" for what, does in _ENDPOINTS)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>dra-extender</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>
<h1>dra-extender</h1>
<p>A kube-scheduler extender. It predicts which devices the in-tree allocator of Dynamic Resource Allocation
will take on each node, and prefers nodes where GPUs, NICs and CPUs come to sit close together.
It chooses nodes, never devices.</p>
<p>Version {escape(__version__)}, modelling Kubernetes {escape(snapshot.release.version)}:
<strong>{state}</strong>.</p>
<table><tr><th>In the snapshot</th><th></th></tr>{counts}</table>
<table><tr><th>Endpoint</th><th></th></tr>{endpoints}</table>
<p>Ask why a node scores as it does:</p>
<pre>{escape(_EXAMPLE)}</pre>
</body></html>
"""
