"""Why a pod's claims do not fit on a node: what each request finds there, and what is in its way."""
