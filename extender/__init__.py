"""dra-extender: a kube-scheduler extender that lands GPUs, NICs and CPUs together."""

__version__ = "0.1.0"
